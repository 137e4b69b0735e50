#pragma once

#  include   <thread>  // a blank more hides nothing

#!/bin/sh
# Usage: apply.sh PATCH_PROGRAM ROOT PATCH_FILE FOLDER SOURCE...
#
# Copies the sources of ROOT into FOLDER, under their paths, and applies the patch to the copies.
set -eu
program=$1
root=$2
patch_file=$3
folder=$4
shift 4

for source in "$@"; do
  mkdir -p "$folder/$(dirname "$source")"
  cp "$root/$source" "$folder/$source"
done
# Without fuzz: a mistake must stand where it was meant to.
"$program" --silent --strip=1 --fuzz=0 --no-backup-if-mismatch --reject-file=- \
  --directory="$folder" --input="$patch_file" || {
  # Or the next build would take the copy for a patched one.
  for source in "$@"; do rm -f "$folder/$source"; done
  echo "apply.sh: $patch_file does not apply: $* has changed; put the same mistake into it again" >&2
  exit 1
}

#!/bin/sh
# numba reads compiled code only from a folder that it may write to, and the image is read-only: the kernels that
# were compiled into it are laid into /tmp (60 MB, a tenth of a second) before the command takes this process' place.
set -eu

if [ ! -d "$NUMBA_CACHE_DIR" ]; then
	cp -r "$SEVENFOLD_KERNELS" "$NUMBA_CACHE_DIR.copying"
	mv "$NUMBA_CACHE_DIR.copying" "$NUMBA_CACHE_DIR"
fi

exec sevenfold "$@"

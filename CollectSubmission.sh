#!/bin/sh
# Packs Assignment 2 for hand-in: the notebooks and the final results, nothing else.
#
# Where selfcheck.pyz lies beside it, that is run first; whatever it says, the files are packed.
# --no-check leaves it out.
#
# Exit codes: 0 packed (perhaps with warnings), 1 nothing to pack or packing failed, 2 wrong usage.
# Plain POSIX shell: runs with macOS's bash 3.2 and with GNU or BSD tar.

usage() {
    echo "usage: ./CollectSubmission.sh [--no-check] STUDENT_NUMBER    (for example 2000-00000)" >&2
    exit 2
}

warnings=0
warn() {
    warnings=$((warnings + 1))
    echo "warning: $*" >&2
}

check=yes
if [ "${1-}" = --no-check ]; then
    check=no
    shift
fi
[ "$#" -eq 1 ] || usage
id=$1
digit='[0123456789]' # spelt out: in some locales 0-9 takes other signs as well
# shellcheck disable=SC2254 # patterns on purpose
case $id in
    $digit$digit$digit$digit-$digit$digit$digit$digit$digit) ;;
    *)
        echo "error: '$id' is not a student number: four digits, a dash, five digits" >&2
        usage
        ;;
esac

# --- what the self-check says -----------------------------------------------------------------
if [ "$check" = yes ] && [ -f ./selfcheck.pyz ]; then
    python=
    for name in python3 python; do
        if [ -z "$python" ] && command -v "$name" >/dev/null 2>&1; then
            python=$name
        fi
    done
    if [ -z "$python" ]; then
        warn "there is no Python here, so selfcheck.pyz was not run"
    elif ! "$python" ./selfcheck.pyz; then
        warn "the self-check did not run to its end; that does not keep anything from being packed"
    fi
fi

# --- what is there, and what is missing -------------------------------------------------------
for notebook in Assignment2-1_diffusion.ipynb Assignment2-2_TTI.ipynb; do
    [ -f "./$notebook" ] || warn "$notebook is missing"
done

set --
for notebook in ./*.ipynb; do
    [ -f "$notebook" ] || continue
    set -- "$@" "$notebook"
    # a notebook with pictures in its outputs says "image/png" in its file
    if ! grep -q '"image/png"' "$notebook"; then
        warn "${notebook#./} shows no picture: were its outputs cleared? Run it again and save it"
    fi
done

for prediction in epsilon sample; do
    for schedule in linear cosine; do
        folder=results_${prediction}_${schedule}
        if [ ! -d "./$folder" ]; then
            warn "the folder $folder is missing"
            continue
        fi
        for file in image_final.png gif_final.gif model_final.pth; do
            if [ ! -f "./$folder/$file" ]; then
                warn "$folder/$file is missing"
            elif [ ! -s "./$folder/$file" ]; then
                warn "$folder/$file is empty"
            fi
        done
    done
done

for file in ./results*/*final*; do
    [ -f "$file" ] || continue
    set -- "$@" "$file"
done

if [ "$#" -eq 0 ]; then
    echo "error: there is no notebook and no result here; run this in the assignment's folder" >&2
    exit 1
fi

# --- pack -------------------------------------------------------------------------------------
# COPYFILE_DISABLE keeps macOS from adding ._ files; -h packs what a link points to, not the link
archive=$id.tar.gz
partial=./.$archive.partial
trap 'rm -f "$partial"' EXIT
trap 'exit 1' HUP INT TERM
if ! COPYFILE_DISABLE=1 tar -chzf "$partial" "$@"; then
    echo "error: packing failed; is the disk full?" >&2
    exit 1
fi
if [ -d "./$archive" ] || ! mv -f "$partial" "./$archive"; then
    echo "error: $archive could not be written" >&2
    exit 1
fi

echo "packed $# files into $archive"
if [ "$warnings" -gt 0 ]; then
    echo "warnings: $warnings. Please read them above before you upload" >&2
else
    echo "Nothing is missing. Upload $archive to eTL."
fi

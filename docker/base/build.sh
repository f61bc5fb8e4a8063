#!/bin/sh
# Debian trixie, slim, from the mirror that this machine's mmdebstrap finds by itself: no mirror is named here.
# usage: build.sh IMAGE
set -eu

image=${1:?usage: build.sh IMAGE}
hook=$(dirname "$(readlink -f "$0")")/docker-clean
export hook
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mmdebstrap --quiet --variant=minbase --include=ca-certificates \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --aptopt='Acquire::Languages "none"' \
  --dpkgopt='force-unsafe-io' \
  --customize-hook='cp "$hook" "$1/etc/apt/apt.conf.d/docker-clean"; rm -f "$1"/var/cache/apt/*pkgcache.bin' \
  trixie "$work/base.tar"
docker import --change 'CMD ["bash"]' --change 'LABEL io.warmline.image="base"' "$work/base.tar" "$image"

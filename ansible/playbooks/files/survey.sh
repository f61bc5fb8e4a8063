#!/bin/sh
# What a host is and has, a fact a line, for `make preflight`. It reads and changes nothing, and works without Python.
# Before it stand SURVEY_SENT, the clock of the machine that deploys, and lists with spaces: SURVEY_URLS and SURVEY_NAMES, what the
# host must reach and know.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL
echo "clock $(date +%s.%N)"
echo "sent $SURVEY_SENT"
echo "uid $(id -u)"

has() { command -v "$1" >/dev/null 2>&1; }
installed() { dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }
active() { has systemctl && systemctl --quiet is-active "$1" 2>/dev/null; }

# The status of a URL's answer; in words why there was none.
status() {
  registry=${1#*://}
  certificate=/etc/docker/certs.d/${registry%%/*}/ca.crt
  if has curl; then
    curl --silent --show-error --output /dev/null --max-time 6 --write-out '%{http_code}' \
      $([ -e "$certificate" ] && echo "--cacert $certificate") "$1" 2>&1 | tr '\n' ' ' | sed 's/ 000 *$//'
  elif has python3; then
    python3 - "$1" "$certificate" <<'PYTHON'
import os, ssl, sys, urllib.error, urllib.request
trust = ssl.create_default_context(cafile=sys.argv[2] if os.path.exists(sys.argv[2]) else None)
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=6, context=trust).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError as error:
    print(error)
PYTHON
  elif has wget; then
    wget --server-response --output-document /dev/null --timeout 6 --tries 1 "$1" 2>&1 |
      awk '/^ *HTTP\// { code = $2 } /^wget:|failed:|unable/ { why = $0 } END { print (code ? code : why) }'
  else
    echo untried
  fi
}

for url in $SURVEY_URLS; do
  (echo "url $url $(status "$url")") &
done
for name in $SURVEY_NAMES; do
  (echo "name $name $(getent ahostsv4 "$name" | awk '{ print $1; exit }')") &
done

[ -r /etc/os-release ] && . /etc/os-release
echo "distribution ${ID:-unknown} ${VERSION_ID:-unknown}"
echo "architecture $(uname -m)"
echo "init $(cat /proc/1/comm)"
echo "memory $(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)"
echo "addresses $(if has ip; then ip -4 -o address | awk '{ sub("/.*", "", $4); print $4 }'; else hostname -I; fi | tr '\n' ' ')"
active ufw && ufw status | grep -q 'Status: active' && echo "firewall ufw"
active firewalld && echo "firewall firewalld"

kind=none
for package in docker.io docker-ce moby-engine; do
  installed "$package" && kind=$package
done
[ "$kind" = none ] && has dockerd && kind=other
if installed podman-docker || docker --version 2>/dev/null | grep -qi podman; then kind=podman
elif [ -e /snap/bin/docker ] || [ -d /var/snap/docker ]; then kind=snap
elif pgrep -x rootlesskit >/dev/null 2>&1 && ! active docker; then kind=rootless
fi
ask="timeout 5 docker"
root=/var/lib
case $kind in
  docker.io | docker-ce | moby-engine | other)
    echo "engine $($ask version --format '{{.Server.Version}}' 2>/dev/null)"
    echo "swarm $($ask info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null)"
    found=$($ask info --format '{{.DockerRootDir}}' 2>/dev/null)
    root=${found:-$root}
    ours=$($ask ps --no-trunc --quiet --filter label=io.warmline.service 2>/dev/null)
    echo "containers $(echo "$ours" | grep -c .) $($ask ps --quiet 2>/dev/null | grep -c .)"
    if [ -s /etc/docker/daemon.json ]; then
      has python3 && ! python3 -m json.tool /etc/docker/daemon.json >/dev/null 2>&1 && echo "daemon unreadable"
      grep -q '"live-restore"[[:space:]]*:[[:space:]]*false' /etc/docker/daemon.json && echo "daemon live-restore"
    fi
    ;;
esac
echo "docker $kind"
echo "disk $(df -Pm "$root" | awk 'NR == 2 { print $4 }') $root"

# protocol, address:port, program and process of whatever listens, and whether it is in a container of ours.
if has ss; then
  ss -Hltunp | awk '{ split($7, who, "\""); match($7, /pid=[0-9]+/)
    print $1, $5, (who[2] ? who[2] : "-"), (RSTART ? substr($7, RSTART + 4, RLENGTH - 4) : 0) }' | sort -u |
    while read -r protocol address program process; do
      whose=other
      [ -n "$ours" ] && echo "$ours" | grep -qF -f - "/proc/$process/cgroup" 2>/dev/null && whose=ours
      echo "listens $protocol $address $program $process $whose"
    done
else
  echo "listens untried"
fi
wait
echo "end"

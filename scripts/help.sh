cat <<'TXT'
./dev COMMAND
  up      set up, build, and run the demo: broker, ClickHouse, registry, two workers, load; Ctrl-C stops it and prints
          the audit. State is kept in var/demo. --dry-run only says what would be done; other options go to `millrace demo`
  setup   install what is missing (Debian packages, librdkafka, Kafka, libchdb, Arrow; --witnesses --s3: also what tests need);
          --dry-run only says what
  build   set up, then build (build/release; BUILD_PRESET=asan or tsan for the others)
  test    set up, build, run all tests; --long adds the long forms; -k WORD runs only the end-to-end tests with it
  sim     the simulation of the delivery protocol: --seed N --runs N, --canaries; --help says more
  chaos   everything on, under faults drawn from a seed, round by round; the log compared with every sink: --seed N, --rounds N;
          --help says more
  fuzz    [--seconds N] [TARGET]: libFuzzer over whatever reads bytes or texts that nobody vouches for, N seconds each (60)
  bench   measure; one line a run is added to bench/history.jsonl
  lint    formatting and clang-tidy over what differs from the main branch; --all: over everything
  fmt     format what differs from the main branch; --all: everything
TXT

cat <<'TXT'
./dev COMMAND
  setup   install what is missing (Debian packages, librdkafka, Kafka, libchdb); --dry-run only says what
  build   set up, then build (build/release)
  test    set up, build, run all tests
TXT

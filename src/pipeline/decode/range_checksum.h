#pragma once
// The checksum of a plan's range: over offset, key and value of each of its records, in order. Whoever completes the plan must find the
// same (a truncated or rewritten log is told from the one that was planned). XXH3, chained: https://github.com/Cyan4973/xxHash.

#include <cstdint>

#include "pipeline/ingest/record_batch.h"

namespace millrace::pipeline {

uint64_t range_checksum(uint64_t so_far, const Record& record);

}  // namespace millrace::pipeline

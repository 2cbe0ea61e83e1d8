#pragma once
// Reads what NativeWriter or a server (SELECT … FORMAT Native over HTTP) wrote. Bounded by its input: a length past the end is an
// error, not an allocation.

#include <string_view>

#include "base/result.h"
#include "columns/block.h"

namespace millrace::columns {

// One block from the front of `bytes`, which moves behind it. A server's answer is several blocks: call until bytes is empty.
// `spare`, if it has the same columns, gives its memory to the block; what stands in it is forgotten.
Result<Block> read_native(std::string_view& bytes, Block spare = {});

}  // namespace millrace::columns

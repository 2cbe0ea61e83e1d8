#pragma once
// Which part of a writer's schema a part of the reader's schema reads (specification, "Schema Resolution"). The decode
// program and the compatibility check both stand on these, so that they never disagree.

#include "avro/schema.h"

namespace millrace::avro {

// int → long, float, double; long → float, double; float → double; string ↔ bytes; and every primitive to itself.
bool promotes(Type writer, Type reader);

// Record, enum or fixed: same unqualified name, or the writer's full name is among the reader's aliases.
bool names_match(const Node& reader, const Node& writer);

// The writer's field that the reader's field reads: by name, else by one of the reader's aliases; -1 if none.
int writer_field(const Field& reader, const Node& writer_record);

// Whether the two match without looking inside: types, promotion, names, the size of fixed. Not for unions.
bool matches_shallow(const Node& reader, const Node& writer);

// The branch of the reader's union that takes values of `writer` (not a union), -1 if none: the first of the same type (and, if
// named, the same full name or alias), then the first of the same type and structure, then the first by promotion.
int reader_branch(const Node& reader_union, const Node& writer);

}  // namespace millrace::avro

#pragma once
// The form in which Confluent's registry stores an Avro schema: that of Java's org.apache.avro.Schema.toString(). Two schemas are the
// same (and share an id) when this form is the same: white space and the order of attributes don't matter, docs, defaults and
// aliases do. Storing it as they do lets their registry find our schemas and ours find theirs.

#include <string>
#include <string_view>

namespace millrace::registry {

// `schema` must be a valid schema (avro::Schema::parse took it). Of anything else: the same text.
std::string stored_form(std::string_view schema);

}  // namespace millrace::registry

#include "rules/kernels/parameter_table.h"

#include <cstring>

#include "base/result.h"
#include "rules/kernels/sha256.h"

namespace millrace::rules {

uint32_t ParameterTable::add(const Parameters& parameters, std::string_view key) {
  if (instances_ == 0 && columns_.empty()) {
    columns_.resize(parameters.size());
    for (size_t i = 0; i < parameters.size(); ++i) columns_[i].form = parameters[i].form;
  }
  const uint32_t instance = instances_++;
  keys_.emplace_back();
  for (Column& column : columns_) {
    column.values.resize(instances_ * width_of(column.form));
    column.texts.emplace_back();
  }
  set(instance, parameters, key);
  return instance;
}

void ParameterTable::set(uint32_t instance, const Parameters& parameters, std::string_view key) {
  MILLRACE_CHECK(instance < instances_ && parameters.size() == columns_.size(), "the instances of a program have the same parameters");
  keys_[instance] = hmac_states(key);
  for (size_t i = 0; i < parameters.size(); ++i) {
    Column& column = columns_[i];
    MILLRACE_CHECK(parameters[i].form == column.form, "the instances of a program have parameters of the same forms");
    const size_t width = width_of(column.form);
    std::byte* out = column.values.data() + instance * width;
    if (column.form == Form::kText) {
      column.texts[instance] = parameters[i].text;
      const std::string_view view = column.texts[instance];
      std::memcpy(out, &view, sizeof view);
    } else {
      std::memcpy(out, &parameters[i].bits, width);  // little endian: the low bytes come first
    }
  }
}

}  // namespace millrace::rules

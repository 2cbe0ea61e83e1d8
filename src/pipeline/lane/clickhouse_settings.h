#pragma once
// Private to the settings: the section `clickhouse` of a pipeline.

#include "pipeline/lane/settings.h"
#include "pipeline/lane/settings_file.h"

namespace millrace::pipeline {

void clickhouse_of(Section section, PipelineSettings& all);

// The server and database that both write to; "": there is none.
std::string same_clickhouse(const PipelineSettings& one, const PipelineSettings& other);

}  // namespace millrace::pipeline

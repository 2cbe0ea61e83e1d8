#include "tools/rules/text_file.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace millrace::rules_tools {

Result<std::string> text_of_file(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) return permanent(path + " can't be read");
  text << file.rdbuf();
  return text.str();
}

}  // namespace millrace::rules_tools

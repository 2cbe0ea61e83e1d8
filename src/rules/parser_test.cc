// Grammar and precedence as cel-spec has them: langdef.md, "Syntax" and its tables of literals and precedence;
// tests/simple/testdata/parse.textproto for nesting and repetition.
#include "rules/parser.h"

#include <gtest/gtest.h>

#include <random>

#include "rules/literal.h"
#include "rules/unparse.h"

namespace millrace::rules {
namespace {

std::string error_of(std::string_view source) {
  const auto ast = parse(source);
  return ast ? "" : to_string(ast.error(), source);
}
std::string shown(std::string_view source) {
  const auto ast = parse(source);
  return ast ? unparse(*ast) : to_string(ast.error(), source);
}
// The expression with every operator in parentheses.
std::string bracketed(const Ast& ast, NodeId id) {
  const Node& node = ast.node(id);
  if (node.kind != NodeKind::kOperator) return unparse(ast, id);
  std::string out = "(" + std::string(symbol(node.op));
  for (const NodeId child : ast.children(id)) out += " " + bracketed(ast, child);
  return out + ")";
}
std::string tree(std::string_view source) {
  const auto ast = parse(source);
  return ast ? bracketed(*ast, ast->root()) : to_string(ast.error(), source);
}
std::string value(std::string_view literal) {
  const auto ast = parse(literal);
  return ast ? std::string(ast->text(ast->root())) : to_string(ast.error(), literal);
}
std::string repeated(std::string_view part, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += part;
  return out;
}

TEST(Parser, HasCelsPrecedence) {
  EXPECT_EQ(tree("a ? b : c ? d : e"), "(?: a b (?: c d e))");
  EXPECT_EQ(tree("a || b && c || d"), "(|| a (&& b c) d)");
  EXPECT_EQ(tree("a && b == c"), "(&& a (== b c))");
  EXPECT_EQ(tree("a < b == c"), "(== (< a b) c)");
  EXPECT_EQ(tree("a in b && !c"), "(&& (in a b) (! c))");
  EXPECT_EQ(tree("a + b * c - d % e"), "(- (+ a (* b c)) (% d e))");
  EXPECT_EQ(tree("a - b - c"), "(- (- a b) c)");
  EXPECT_EQ(tree("-a * b"), "(* (- a) b)");
  EXPECT_EQ(tree("!a.b[c]"), "(! ([] a.b c))");
  EXPECT_EQ(tree("a + 1 < b ? c : d"), "(?: (< (+ a 1) b) c d)");
}
TEST(Parser, TakesAMinusIntoTheNumberBehindIt) {
  EXPECT_EQ(tree("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(tree("--5"), "(- -5)");
  EXPECT_EQ(tree("-(5)"), "(- 5)");
  EXPECT_EQ(tree("a -5"), "(- a 5)");
  EXPECT_EQ(tree("1--1"), "(- 1 -1)");
}
TEST(Parser, ReadsLiteralsAsTheSpecificationsTableSays) {
  EXPECT_EQ(value(R"("")"), "");
  EXPECT_EQ(value(R"('""')"), "\"\"");
  EXPECT_EQ(value(R"('''x''x''')"), "x''x");
  EXPECT_EQ(value(R"("\"")"), "\"");
  EXPECT_EQ(value(R"("\\")"), "\\");
  EXPECT_EQ(value(R"(r"\\")"), "\\\\");
  EXPECT_EQ(value(R"(b"abc")"), "abc");
  EXPECT_EQ(value("b\"\xC3\xBF\""), "\xC3\xBF");
  EXPECT_EQ(value(R"(b"\303\277")"), "\xC3\xBF");
  EXPECT_EQ(value(R"("\303\277")"), "\xC3\x83\xC2\xBF");
  EXPECT_EQ(value(R"("\377")"), "\xC3\xBF");
  EXPECT_EQ(value(R"(b"\377")"), "\xFF");
  EXPECT_EQ(value(R"("\xFF")"), "\xC3\xBF");
  EXPECT_EQ(value(R"(b"\xFF")"), "\xFF");
  EXPECT_EQ(value(R"('\a\b\f\n\r\t\v\?\`\'')"), "\a\b\f\n\r\t\v?`'");
  EXPECT_EQ(value(R"("\u00e9\U0001F600\ud83d\ude00")"), "\u00e9\U0001F600\U0001F600");
  EXPECT_EQ(value("'''a\nb'''"), "a\nb");
  EXPECT_EQ(value("bR'\\x'"), "\\x");
  EXPECT_NE(error_of("rb'x'"), "");
  EXPECT_EQ(shown("0xFF"), "255");
  EXPECT_EQ(shown("0xFFu"), "255u");
  EXPECT_EQ(shown("1.50e3"), "1.50e3");
  EXPECT_EQ(shown(".5"), ".5");
}
TEST(Parser, ExpandsMacros) {
  const auto kind = [](std::string_view source) {
    const auto ast = parse(source);
    return ast ? ast->node(ast->root()).kind : NodeKind::kNull;
  };
  EXPECT_EQ(kind("has(a.b)"), NodeKind::kHas);
  for (const char* source : {"a.all(x, x > 0)", "a.exists(x, x > 0)", "a.exists_one(x, x > 0)", "a.map(x, x)", "a.map(x, x > 0, x)", "a.filter(x, x > 0)"}) {
    EXPECT_EQ(kind(source), NodeKind::kComprehension) << source;
    EXPECT_EQ(shown(source), source);
  }
  EXPECT_EQ(error_of("has(a[0])"), "1:5: has() takes a field: has(order.amount); whether a key is in a map says 'key' in map");
  EXPECT_EQ(error_of("a.all(x)"), "1:3: all() takes a variable and a condition: list.all(x, x > 0)");
  EXPECT_EQ(error_of("a.all(x.y, true)"), "1:7: the first argument of all() is the name of its variable: list.all(x, …)");
}
TEST(Parser, SkipsSpaceAndComments) { EXPECT_EQ(shown("a // the first\n\t+ b // last"), "a + b"); }
TEST(Parser, TakesFieldsOfReservedNames) {
  EXPECT_EQ(shown("a.package + .import"), "a.package + .import");
  EXPECT_EQ(error_of("import + 1"),
            "1:1: 'import' stands where a value should be: it is a reserved word; a field of this name is written with a dot before it, .import");
  EXPECT_EQ(error_of(".import(1)"), "1:2: there is no function 'import': it is a reserved word");
  EXPECT_EQ(shown(".size(a)"), "size(a)");
}
TEST(Parser, SaysWhatIsWrongAndWhatWouldBeRight) {
  EXPECT_EQ(error_of("a ="), "1:3: '=' assigns, which rules don't: equality is '=='");
  EXPECT_EQ(error_of("a and b"), "1:3: 'and' stands where an operator or the end should be; 'and' is '&&'");
  EXPECT_EQ(error_of("a +\n  "), "2:3: the expression ends where a value should follow");
  EXPECT_EQ(error_of("'a\\qb'"), "1:3: unknown escape; a backslash itself is \\\\, or write the text raw: r'…'");
  EXPECT_EQ(error_of("9223372036854775808"),
            "1:1: '9223372036854775808' is out of range: an int has 64 bits: from -9223372036854775808 to 9223372036854775807; up to 18446744073709551615 as a "
            "uint (1u)");
  EXPECT_EQ(error_of("Foo{a: 1}"), "1:4: messages (Name{field: value}) aren't supported: a map is written {'key': value}");
  EXPECT_EQ(error_of("a.?b"), "1:3: optional fields (a.?b) aren't supported: write has(a.b) ? a.b : …, or a.b.orValue(…)");
  EXPECT_EQ(error_of("(a"), "1:3: the expression ends where ')' should follow");
  EXPECT_EQ(error_of("'abc"), "1:1: a text that begins here isn't closed on its line; over several lines write it in three quotes");
  EXPECT_EQ(error_of("'\u00e9' 1"), "1:5: '1' stands where an operator or the end should be");
  EXPECT_NE(error_of("\"\\ud800\""), "");
  EXPECT_NE(error_of("'\xFF'"), "");
  EXPECT_NE(error_of("1.e5 !"), "");
  EXPECT_NE(error_of("12ab"), "");
  EXPECT_NE(error_of(""), "");
}
TEST(Parser, TakesWhatEveryImplementationMust) {
  for (const std::string& source :
       {repeated("(", 32) + "7" + repeated(")", 32), repeated("a[", 32) + "0" + repeated("]", 32), "a" + repeated(".a", 32), "a" + repeated("[0]", 32),
        repeated("true ? true : ", 32) + "false", "a" + repeated(" + a", 32), "a" + repeated(" || a", 32), repeated("!", 32) + "true", repeated("-", 32) + "a",
        "f(0" + repeated(", 0", 31) + ")", "[" + repeated("[", 31) + repeated("]", 32), "{0: " + repeated("{0: ", 31) + "1" + repeated("}", 32)}) {
    EXPECT_EQ(error_of(source), "") << source;
  }
}
TEST(Parser, EndsSoonWhateverTheInput) {
  const ParseLimits large{.source_bytes_max = 1'000'000};
  for (const char* part : {"(",   "[",        "{",  "-",  "!",   "a.", "a[", "f(",   "a ? ", "a ? b : ", "a + ", "a || ", "a == ",
                           "{0:", "x.all(x,", "- ", "\"", "'''", "\\", "1",  "a.b(", "!-",   "//\n",     "[0,",  ".a",    "0x"}) {
    const std::string source = repeated(part, 100'000);
    EXPECT_FALSE(parse(source, large).has_value()) << part;
  }
  EXPECT_NE(error_of(repeated("(", 300)).find("nested more than 200 levels"), std::string::npos);
  EXPECT_NE(error_of("a" + repeated(" + a", 300)).find("nested more than 200 levels"), std::string::npos);
  EXPECT_NE(error_of(repeated("a", 20'000)).find("at most 16384 are read"), std::string::npos);
}
TEST(Parser, EndsOnRandomBytesAndRandomTokens) {
  std::mt19937 random(7);
  const std::vector<std::string> tokens = {"a", ".", "(", ")",   "[",   "]",  "{",    "}",  ",",  ":",  "?",  "1",  "'s'", "&&", "||",
                                           "!", "-", "+", "has", "all", "in", "null", "//", "\n", "\\", "\"", "b'", "0x",  "1e"};
  for (int i = 0; i < 20'000; ++i) {
    std::string source;
    const size_t size = random() % 24;
    for (size_t k = 0; k < size; ++k) i % 2 == 0 ? source += static_cast<char>(random() % 128) : source += tokens[random() % tokens.size()];
    if (const auto ast = parse(source)) {
      const auto again = parse(unparse(*ast));
      ASSERT_TRUE(again.has_value()) << source;
      EXPECT_TRUE(ast->same(ast->root(), *again, again->root())) << source;
    } else {
      EXPECT_LE(ast.error().front().span.begin, source.size());
    }
  }
}

// Any tree that the parser could make.
class RandomTree {
 public:
  explicit RandomTree(uint32_t seed) : random_(seed) {}
  Ast make() {
    ast_.set_root(any(5));
    return std::move(ast_);
  }

 private:
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }
  std::string name() { return std::string(1, static_cast<char>('a' + below(6))) + (below(4) == 0 ? "_1" : ""); }
  std::string text() {
    std::string out;
    for (uint32_t i = below(5); i > 0; --i) append_utf8(out, below(3) == 0 ? below(0xD000) : below(128));
    return out;
  }
  std::vector<NodeId> several(uint32_t least, int depth) {
    std::vector<NodeId> all;
    for (uint32_t i = least + below(3); i > 0; --i) all.push_back(any(depth));
    return all;
  }
  NodeId literal() {
    switch (below(7)) {
      case 0: return ast_.add({.kind = NodeKind::kNull}, "", {});
      case 1: return ast_.add({.kind = NodeKind::kBool, .bits = below(2)}, "", {});
      case 2: return ast_.add({.kind = NodeKind::kInt, .bits = below(4) == 0 ? uint64_t{1} << 63 : uint64_t{below(10)} - 5}, "", {});
      case 3: return ast_.add({.kind = NodeKind::kUint, .bits = uint64_t{random_()} << below(33)}, "", {});
      case 4: {
        const double value = (static_cast<double>(below(2000)) - 1000) / 7 * (below(3) == 0 ? 1e200 : 1);
        return ast_.add({.kind = NodeKind::kDouble, .bits = std::bit_cast<uint64_t>(value)}, spell_double(value), {});
      }
      case 5: return ast_.add({.kind = NodeKind::kBytes}, text() + (below(2) == 0 ? "\xFF" : ""), {});
      default: return ast_.add({.kind = NodeKind::kString}, text(), {});
    }
  }
  NodeId any(int depth) {
    if (depth == 0) return below(2) == 0 ? literal() : ast_.add({.kind = NodeKind::kName}, (below(5) == 0 ? "." : "") + name(), {});
    const int less = depth - 1;
    switch (below(10)) {
      case 0: return ast_.add({.kind = NodeKind::kSelect}, name(), std::vector<NodeId>{any(less)});
      case 1: return ast_.add({.kind = NodeKind::kHas}, name(), below(2) == 0 ? std::vector<NodeId>{} : std::vector<NodeId>{any(less)});
      case 2: return ast_.add({.kind = NodeKind::kCall}, "f" + name(), several(0, less));
      case 3: return ast_.add({.kind = NodeKind::kMethod}, "g" + name(), several(1, less));
      case 4: return ast_.add({.kind = NodeKind::kList}, "", several(0, less));
      case 5: {
        auto entries = several(0, less);
        if (entries.size() % 2 == 1) entries.pop_back();
        return ast_.add({.kind = NodeKind::kMap}, "", entries);
      }
      case 6: {
        const auto macro = static_cast<Macro>(1 + below(5));
        std::vector<NodeId> children{any(less), any(less)};
        if (macro == Macro::kMap && below(2) == 0) children.push_back(any(less));
        return ast_.add({.kind = NodeKind::kComprehension, .macro = macro}, name(), children);
      }
      default: {
        const auto op = static_cast<Operator>(1 + below(18));
        const bool many = op == Operator::kOr || op == Operator::kAnd, one = op == Operator::kNot || op == Operator::kNegate;
        std::vector<NodeId> operands = many ? several(2, less) : std::vector<NodeId>{any(less)};
        while (operands.size() < (op == Operator::kConditional ? 3u : one ? 1u : 2u)) operands.push_back(any(less));
        return ast_.add({.kind = NodeKind::kOperator, .op = op}, "", operands);
      }
    }
  }
  std::mt19937 random_;
  Ast ast_;
};

TEST(Unparse, GivesBackTheSameTree) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    const Ast ast = RandomTree(seed).make();
    const std::string source = unparse(ast);
    const auto again = parse(source, {.source_bytes_max = 1'000'000, .nodes_max = 100'000});
    ASSERT_TRUE(again.has_value()) << "seed " << seed << ": " << source << "\n" << to_string(again.error(), source);
    ASSERT_TRUE(ast.same(ast.root(), *again, again->root())) << "seed " << seed << ": " << source << "\n" << unparse(*again);
  }
}
TEST(Unparse, WritesNoNeedlessParentheses) {
  EXPECT_EQ(shown("((a) + (b * c)) == (d)"), "a + b * c == d");
  EXPECT_EQ(shown("(a + b) * c"), "(a + b) * c");
  EXPECT_EQ(shown("-(5)"), "-(5)");
}
TEST(Positions, CountCodePointsAndKnowWhereTheTextBegins) {
  EXPECT_EQ(to_string(Diagnostics{{{4, 5}, "x"}}, "a +\n?", {.line = 12, .column = 10, .indent = 6}), "13:7: x");
  EXPECT_EQ(to_string(Diagnostics{{{3, 5}, "x"}}, "\u00e9 ?", {.line = 12, .column = 10}), "12:12: x");
}

}  // namespace
}  // namespace millrace::rules

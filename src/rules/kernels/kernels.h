#pragma once
// The kernels by family, and those that the compiler picks itself. An overload's kernel takes its operands as the overload does.

#include <span>
#include <string_view>

#include "rules/ast.h"
#include "rules/kernels/instruction.h"
#include "rules/kernels/vector.h"

namespace millrace::rules {

std::span<const NamedKernel> arithmetic_kernels();
std::span<const NamedKernel> conversion_kernels();
std::span<const NamedKernel> time_kernels();
std::span<const NamedKernel> text_kernels();    // what is asked of a text, and its parts
std::span<const NamedKernel> making_kernels();  // what makes new texts
std::span<const NamedKernel> url_kernels();
std::span<const NamedKernel> digest_kernels();
std::span<const NamedKernel> list_kernels();

// --- sources.cc
void load_field(Frame&, const Instruction&);      // a: the column
void load_parameter(Frame&, const Instruction&);  // a: the parameter; b: its scale; constant: its Form
void load_text(Frame&, const Instruction&);       // constant: a std::string_view
void load_null(Frame&, const Instruction&);       // constant: its Type
void capture(Frame&, const Instruction&);         // a value of the scope around this one
void find_row(Frame&, const Instruction&);        // a: the table; of a key: the row (int), or null
void load_reference(Frame&, const Instruction&);  // a: the table, b: the column, constant: its Type, or none for has(); of a row, or null

// --- comparison_kernels.cc: of two operands of these forms, decimals of equal scales
Kernel equality_kernel(bool equal, Form form);              // null equals null and nothing else
Kernel order_kernel(bool or_equal, Form left, Form right);  // left < right, left <= right
void is_null(Frame&, const Instruction&);
void is_not_null(Frame&, const Instruction&);
void is_one_of(Frame&, const Instruction&);  // the first operand among the others

// --- logic_kernels.cc
void logical_and(Frame&, const Instruction&);  // any number of operands; CEL's: false decides, whatever else failed
void logical_or(Frame&, const Instruction&);
void logical_not(Frame&, const Instruction&);
void choose(Frame&, const Instruction&);    // condition, yes, no
void coalesce(Frame&, const Instruction&);  // value, what stands for null
// Runs its body, whose result is operand 1, for the entries whose operand 0 is as `a` says; elsewhere the result has no meaning.
enum class Only : int32_t { kTrue, kFalse, kNotTrue, kNotFalse, kNull };
void run_for(Frame&, const Instruction&);

// --- decimal_kernels.cc: operands are decimals of at most 38 digits; a: the scale of the result
void decimal_add(Frame&, const Instruction&);
void decimal_subtract(Frame&, const Instruction&);
void decimal_multiply(Frame&, const Instruction&);          // can't overflow
void decimal_multiply_checked(Frame&, const Instruction&);  // fails where 38 digits don't do
void decimal_negate(Frame&, const Instruction&);
void decimal_negate_wide(Frame&, const Instruction&);
void decimal_divide(Frame&, const Instruction&);
void decimal_rescale(Frame&, const Instruction&);  // of any decimal
void decimal_of_double(Frame&, const Instruction&);
void decimal_of_text(Frame&, const Instruction&);
void convert_to(Frame&, const Instruction&);  // constant: the Type; an int as decimal, a decimal with more digits, in lists and maps too

// --- list_kernels.cc; index_*: b is the Form of the result
void make_list(Frame&, const Instruction&);
void make_map(Frame&, const Instruction&);  // key, value, key, value …
void is_in(Frame&, const Instruction&);     // value, list or map
void index_list(Frame&, const Instruction&);
void index_map(Frame&, const Instruction&);

// --- comprehension.cc: operands: the range, [the filter's result,] the body's result; b: the register of the variable
Kernel comprehension_kernel(Macro macro, bool with_filter);

// --- text_kernels.cc, time_kernels.cc: constant is the pattern or the time zone
void matches(Frame&, const Instruction&);
Kernel zoned_kernel(std::string_view overload);

}  // namespace millrace::rules

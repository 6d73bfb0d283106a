#include <string>
#include <variant>
#include <vector>

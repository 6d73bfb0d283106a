# Cuts the programs out of a document into the directory `into`: a block ```cpp file=NAME is (more of) that file, and a
# block ```text is what the program printed that came before it.
function start(name) {
    target = into "/" name
    if (!(target in begun)) { printf "" > target; begun[target] = 1 }
    else { print "" >> target }
}
/^```cpp file=/ { name = $2; sub(/^file=/, "", name); start(name); program = name; sub(/\.cpp$/, "", program); next }
/^```text$/ && program != "" { start(program ".expected"); program = ""; next }
/^```/ { target = ""; next }
target != "" { print >> target }

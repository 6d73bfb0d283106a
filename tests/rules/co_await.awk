# Reports `co_await` whose expression holds a brace or a lambda: g++ 12 destroys some temporaries of such an expression
# twice. Name the value first, then move it in.
#
# A small scanner rather than a regular expression, because expressions span lines and text may hold braces.

BEGIN { names = "[A-Za-z0-9_]" }

FNR == 1 { reset() }

{
    line = $0
    for (i = 1; i <= length(line); i++) scan(substr(line, i, 1), substr(line, i, 2))
    if (state == "line comment") state = "code"
    end_word()
}

function reset() { state = "code"; word = ""; awaiting = 0; depth = 0; previous = ""; raw_end = "" }

function scan(c, pair) {
    if (state == "line comment") return
    if (state == "block comment") { if (pair == "*/") { state = "code"; i++ } return }
    if (state == "string") { if (c == "\\") i++; else if (c == "\"") state = "code"; return }
    if (state == "char") { if (c == "\\") i++; else if (c == "'") state = "code"; return }
    if (state == "raw") {
        if (substr(line, i, length(raw_end)) == raw_end) { i += length(raw_end) - 1; state = "code" }
        return
    }
    if (pair == "//") { state = "line comment"; return }
    if (pair == "/*") { state = "block comment"; i++; return }
    if (c ~ names) { word = word c; return }
    if (c == "\"" && word ~ /^(u8|u|U|L)?R$/) {
        raw_end = ")" substr(line, i + 1, index(substr(line, i + 1), "(") - 1) "\""
        state = "raw"; word = ""; previous = "\""; return
    }
    if (c == "'" && word ~ /^[0-9]/) { word = word c; return }  # a digit separator
    end_word()
    if (c == "\"") { state = "string"; previous = c; return }
    if (c == "'") { state = "char"; previous = c; return }
    if (c ~ /[ \t]/) return
    if (awaiting) code(c)
    previous = c
}

function end_word() {
    if (word == "co_await") { awaiting = FNR; text = line; depth = 0 }
    if (word != "") previous = (word ~ /^(return|co_await|co_return|co_yield|else|case)$/) ? "keyword" : "name"
    word = ""
}

function code(c) {
    if (c == "(") depth++
    else if (c == ")") { if (--depth < 0) awaiting = 0 }
    else if (c == ";" || (c == "}" && depth == 0)) awaiting = 0
    else if (c == "{") report("a braced temporary")
    else if (c == "[" && previous !~ /^(name|\)|\]|")$/) report("a lambda")
}

function report(what) {
    sub(/^[ \t]+/, "", text)
    print FILENAME ":" awaiting ": name-it-before-you-await-it: " what " in: " text
    awaiting = 0
}

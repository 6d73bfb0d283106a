# Included by the folder of the target: a generated file is known there only.
# The page's files become constants of the program: readable in server/web, nothing to install beside the binary.
set(web_files index.html debugger.css icon.svg
    api.js app.js blame.js causation.js dialogs.js dom.js finder.js history.js json.js json_view.js live.js moment.js panels.js
    player.js session.js shrink.js state_pages.js strips.js timeline.js what_if.js)
list(TRANSFORM web_files PREPEND "${PROJECT_SOURCE_DIR}/server/web/" OUTPUT_VARIABLE web_paths)
list(JOIN web_paths "|" web_list)
set(assets_source "${CMAKE_CURRENT_BINARY_DIR}/debugger_assets.cpp")
add_custom_command(
    OUTPUT "${assets_source}"
    COMMAND "${CMAKE_COMMAND}" "-DFILES=${web_list}" "-DOUTPUT=${assets_source}"
            -P "${CMAKE_CURRENT_LIST_DIR}/embed.cmake"
    DEPENDS ${web_paths} "${CMAKE_CURRENT_LIST_DIR}/embed.cmake"
    COMMENT "Embedding the debugger's page"
    VERBATIM)
target_sources(foldback_server PRIVATE "${assets_source}")

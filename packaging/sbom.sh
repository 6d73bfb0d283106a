#!/usr/bin/env bash
# Prints what the program is made of, as SPDX 2.3: this project, and the Debian packages that it was built with, each with its
# version and whether it was compiled in or is loaded.
# usage: sbom.sh <version of foldback>
set -euo pipefail

version=$1

# package  licence  compiled into the program, or loaded when it starts
libraries='
libboost1.81-dev     BSL-1.0        compiled
nlohmann-json3-dev   MIT            compiled
libcli11-dev         BSD-3-Clause   compiled
libsqlitecpp-dev     MIT            compiled
libspdlog-dev        MIT            loaded
libfmt-dev           MIT            loaded
libsqlite3-dev       blessing       loaded
libsimdjson-dev      Apache-2.0     loaded
libisal-dev          BSD-3-Clause   loaded
libpq-dev            PostgreSQL     loaded
libssl-dev           Apache-2.0     loaded
zlib1g-dev           Zlib           loaded
'

entries=
links=
while read -r package licence how; do
    [ -n "$package" ] || continue
    installed=$(dpkg-query --show --showformat='${Version}' "$package")
    id=SPDXRef-${package//[^a-zA-Z0-9.-]/-}
    relation=DYNAMIC_LINK
    if [ "$how" = compiled ]; then relation=STATIC_LINK; fi
    entries+=$(printf ',\n    {"SPDXID":"%s","name":"%s","versionInfo":"%s","downloadLocation":"NOASSERTION","licenseConcluded":"%s","externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:deb/debian/%s@%s"}]}' \
        "$id" "$package" "$installed" "$licence" "$package" "${installed//+/%2B}")
    links+=$(printf ',\n    {"spdxElementId":"SPDXRef-foldback","relationshipType":"%s","relatedSpdxElement":"%s"}' "$relation" "$id")
done <<<"$libraries"

cat <<SPDX
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "foldback-$version",
  "documentNamespace": "urn:foldback:sbom:$version",
  "creationInfo": {"created": "$(date --utc +%Y-%m-%dT%H:%M:%SZ --date="@${SOURCE_DATE_EPOCH:-$(date +%s)}")", "creators": ["Tool: packaging/sbom.sh"]},
  "packages": [
    {"SPDXID":"SPDXRef-foldback","name":"foldback","versionInfo":"$version","downloadLocation":"NOASSERTION","licenseConcluded":"Apache-2.0"}$entries
  ],
  "relationships": [
    {"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-foldback"}$links
  ]
}
SPDX

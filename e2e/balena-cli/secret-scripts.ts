/**
 * Files for an image that stands in for `balena/<arch>-balena-multibuild-scripts`, which no test can download:
 * balena-cli builds on it to write the secrets of a push to the device and to remove them again. What its two scripts are
 * given is balena-cli's own: JSON, below /usr/src.
 */
export const secretScripts = (base: string): Readonly<Record<string, string>> => ({
  Dockerfile: `FROM ${base}\nCOPY populate.sh remove.sh /usr/src/\n`,
  "populate.sh": `set -e
json=$(</usr/src/secrets.json)
while [[ $json =~ \\"tmpDirectory\\":\\"([^\\"]+)\\",\\"files\\":\\{([^}]*)\\} ]]; do
  json=\${json#*"\${BASH_REMATCH[0]}"} folder=\${BASH_REMATCH[1]} files=\${BASH_REMATCH[2]}
  mkdir -p "$folder"
  while [[ $files =~ \\"([^\\"]+)\\":\\"([^\\"]*)\\" ]]; do
    files=\${files#*"\${BASH_REMATCH[0]}"}
    base64 -d <<<"\${BASH_REMATCH[2]}" >"$folder/\${BASH_REMATCH[1]}"
  done
done
`,
  "remove.sh": `set -e
json=$(</usr/src/remove.json)
while [[ $json =~ \\"(/[^\\"]+)\\" ]]; do
  json=\${json#*"\${BASH_REMATCH[0]}"}
  rm -r "\${BASH_REMATCH[1]}"
done
`,
});

#!/bin/sh
# Fetches a CA bundle from ThingPass for the bridges of a NanoMQ on this machine, and puts it in the place of the old one only if
# the broker will be able to read it. Run it by ca-sync.timer. Needs a POSIX shell, curl and openssl.
#
#   THINGPASS_URL       where ThingPass is, such as https://auth.example.com
#   CA_BUNDLE           name of the bundle
#   CA_FILE             file that NanoMQ reads, such as /etc/nanomq/ca.pem
#   THINGPASS_KEY_FILE  file that holds an API key with the scope read (/etc/thingpass/ca-sync.key)
#   THINGPASS_NODE      how this machine is called in ThingPass (its host name)
#   RELOAD              what makes the broker read the file again (systemctl restart nanomq); ":" does nothing
#
# Exit codes: 0 up to date or replaced, 1 the old file was kept, 2 a setting is missing.
set -eu

: "${THINGPASS_KEY_FILE:=/etc/thingpass/ca-sync.key}"
: "${THINGPASS_NODE:=$(hostname)}"
: "${RELOAD:=systemctl restart nanomq}"
for setting in THINGPASS_URL CA_BUNDLE CA_FILE; do
  eval "value=\${$setting:-}"
  if [ -z "$value" ]; then echo "ca-sync: $setting is not set" >&2; exit 2; fi
done

# Beside the file, so that the last step is a rename within one file system: it happens whole or not at all.
new=$CA_FILE.new.$$
header=$CA_FILE.header.$$
trap 'rm -f "$new" "$header" "$new.one"' EXIT
trap 'exit 1' HUP INT TERM
keep() { echo "ca-sync: $* ; $CA_FILE stays as it is" >&2; exit 1; }

umask 077
# The key goes through a file, not the command line, which every user of the machine can read.
{ printf 'Authorization: Bearer '; cat "$THINGPASS_KEY_FILE"; } >"$header" || keep "the API key cannot be read"
etag=
if [ -s "$CA_FILE" ] && [ -r "$CA_FILE.etag" ]; then etag=$(cat "$CA_FILE.etag"); fi

status=$(curl --silent --show-error --location --max-time 30 --max-filesize 1000000 \
  --header "@$header" --header "X-ThingPass-Node: $THINGPASS_NODE" --header "If-None-Match: $etag" \
  --dump-header "$new.head" --output "$new" --write-out '%{http_code}' \
  "$THINGPASS_URL/pki/$CA_BUNDLE.pem") || { rm -f "$new.head"; keep "the bundle cannot be fetched"; }
fetched=$(sed -n 's/^[Ee][Tt]ag: *\("[^"]*"\).*/\1/p' "$new.head" | tail -n 1)
rm -f "$new.head"
case $status in
  304) exit 0 ;;
  200) ;;
  *) keep "ThingPass answered $status" ;;
esac

# What the broker would stop at: nothing, half a certificate, one that is over.
[ -s "$new" ] || keep "the bundle is empty"
begun=$(grep -c '^-----BEGIN CERTIFICATE-----' "$new" || true)
ended=$(grep -c '^-----END CERTIFICATE-----' "$new" || true)
[ "$begun" -gt 0 ] || keep "there is no certificate in the bundle"
[ "$begun" -eq "$ended" ] || keep "the bundle is cut off"
number=1
while [ "$number" -le "$begun" ]; do
  awk -v wanted="$number" '/^-----BEGIN CERTIFICATE-----/ { n++ } n == wanted' "$new" >"$new.one"
  openssl x509 -in "$new.one" -noout 2>/dev/null || keep "certificate $number cannot be parsed"
  openssl x509 -in "$new.one" -noout -checkend 0 >/dev/null || keep "certificate $number is over"
  number=$((number + 1))
done

chmod 644 "$new"
if [ -e "$CA_FILE" ] && cmp -s "$new" "$CA_FILE"; then
  printf '%s\n' "$fetched" >"$CA_FILE.etag"
  exit 0
fi
if [ -e "$CA_FILE" ]; then cp -p "$CA_FILE" "$CA_FILE.last"; fi
mv -f "$new" "$CA_FILE"
printf '%s\n' "$fetched" >"$CA_FILE.etag"
echo "ca-sync: $CA_FILE replaced, $begun certificates; the one before is $CA_FILE.last"

if ! sh -c "$RELOAD"; then
  # A broker that does not come up with the new file gets the one that it ran with.
  if [ -e "$CA_FILE.last" ]; then
    cp -p "$CA_FILE.last" "$new" && mv -f "$new" "$CA_FILE" && rm -f "$CA_FILE.etag"
    sh -c "$RELOAD" || true
    echo "ca-sync: the broker did not take the new file; the last good one is back" >&2
  fi
  exit 1
fi

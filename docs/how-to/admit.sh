#!/bin/sh
# Let a file be deployed only when Countersign allows it: admit.sh FILE TARGET [ALIAS]
#
# URL       where Countersign answers
# TOKEN     a token with the scope read
# KEY       public key of the trail, <name>+<key id>+<base64>, from the operator by another way than this network
# VERIFIER  path of verify.py, the offline verifier, from a bundle that you trust
#
# Exit status 0: deploy it. Everything else: do not.
set -eu
file=$1 target=$2 alias=${3:-}
sha256=$(sha256sum -- "$file" | cut -c 1-64)
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
curl -sS --fail-with-body --max-time 20 -H "Authorization: Bearer $TOKEN" -o "$answer" \
  "$URL/api/v1/admission?sha256=$sha256&target=$target${alias:+&alias=$alias}" || { cat "$answer" >&2; exit 2; }

python3 -I - "$answer" "$VERIFIER" "$KEY" "$sha256" "$target" "$alias" <<'PYTHON'
import importlib.util
import json
import sys
from base64 import b64decode
from datetime import datetime, timezone

answer_path, verifier_path, key_text, sha256, target, alias = sys.argv[1:]
found = importlib.util.spec_from_file_location("verify", verifier_path)
verify = importlib.util.module_from_spec(found)
found.loader.exec_module(verify)


def refuse(why):
    sys.exit(f"REFUSED {sha256}: {why}")


with open(answer_path, encoding="utf-8") as file:
    answer = json.load(file)
if not answer["attestation"]:
    refuse(" ".join(reason["sentence"] for reason in answer["reasons"]))

# From here on only what is signed counts.
envelope, key = answer["attestation"], verify.parse_key(key_text)
payload, kind = b64decode(envelope["payload"]), envelope["payloadType"].encode()
signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
if not any(verify.is_signature(key.public, b64decode(one["sig"]), signed) for one in envelope["signatures"]):
    refuse("the statement does not carry the signature of the key that was given.")
statement = json.loads(payload)
said = statement["predicate"]
expected = {
    "type": (kind, b"application/vnd.in-toto+json"),
    "predicate": (statement["predicateType"], "https://slsa.dev/verification_summary/v1"),
    "verifier": (said["verifier"]["id"], f"https://{key.name}"),
    "digest": ([one["digest"]["sha256"] for one in statement["subject"]], [sha256]),
    "result": (said["verificationResult"], "PASSED"),
    "target": (said["urn:countersign:target"], target),
    "alias": (said["urn:countersign:alias"], alias),
}
for name, (stands, wanted) in expected.items():
    if stands != wanted:
        refuse(f"the statement is about another {name}: {stands!r}.")
until = datetime.fromisoformat(said["urn:countersign:validUntil"].replace("Z", "+00:00"))
if datetime.now(timezone.utc) > until:
    refuse(f"the statement was valid until {until:%Y-%m-%d %H:%M:%S} UTC.")
share = f", canary of {said['urn:countersign:percent']} percent" if said["urn:countersign:percent"] else ""
print(f"ADMITTED {statement['subject'][0]['name']} to {target}, {said['urn:countersign:rollout'] or 'full'}{share}")
PYTHON

# Sourced by the five scripts: it shows each command before it runs, and starts and stops a server.
# It makes their folder $out, which must not be there. It begins in the repository's root, with the commands of .venv before all others.
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
PATH="$PWD/.venv/bin:$PATH"
server=
unset HARNESS_SERVE_KEY              # the server of a script is asked without a key,
export NO_PROXY='*' no_proxy='*'     # and not through a proxy

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

show() {
  printf '\n$'
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_./:=,+@%-]* | '') printf " '%s'" "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '\n'
}

run() { show "$@"; "$@"; }

# may_fail COMMAND...: exit code 1 is a budget that is missed, an answer as good as 0 here
may_fail() {
  local code=0
  run "$@" || code=$?
  [ "$code" -le 1 ] || fail "$1 ended with exit code $code"
}

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

[ ! -e "$out" ] || fail "$out is there already: remove it, or name another folder by OUT=..."
mkdir -p "$out"

# start_server ARGUMENT...: harness serve at a free port; $url is its address
start_server() {
  show harness serve "$@"
  : >"$out/serve.err"
  harness serve --port 0 "$@" >>"$out/serve.log" 2>"$out/serve.err" &
  server=$!
  until url=$(sed -n 's|^\(http://.*\)/v1 serves .*|\1|p' "$out/serve.err") && [ -n "$url" ]; do
    kill -0 "$server" 2>/dev/null || fail "$(cat "$out/serve.err")"
    sleep 0.2
  done
  cat "$out/serve.err"
}

# stop_server: it answers what it began, and ends with exit code 0
stop_server() {
  local stopped=$server
  server=
  kill -TERM "$stopped"
  wait "$stopped" || fail "the server ended with exit code $?: $(cat "$out/serve.err")"
}

# ask PATH JSON: the body of the answer, and its status on a line of its own
ask() {
  show curl -s "$1" -d "$2"
  curl -s -w '\n%{http_code}\n' -H 'Content-Type: application/json' "$url$1" -d "$2"
}

# send_cases COUNT [POLICY]: asks the task's route the first cases of its suite, each with its id as
# the key of an experiment, and counts the statuses of the answers
send_cases() {
  show curl -s "/v1/tasks/$task" -d "$1 cases${2:+, policy $2}"
  head -"$1" "${tasks:-fixtures/tasks}/$task/cases.jsonl" | python -c '
import json, sys
policy = {"policy": sys.argv[1]} if sys.argv[1] else {}
for case in map(json.loads, sys.stdin):
    print(case["id"], json.dumps({"variables": case["variables"], **policy}), sep="\t")
' "${2:-}" | while IFS=$'\t' read -r key body; do
    curl -s -o "$out/answer.json" -w '%{http_code}\n' -H 'Content-Type: application/json' \
      -H "X-Harness-Key: $key" "$url/v1/tasks/$task" -d "$body"
  done | sort | uniq -c
}

# settings KEY=VALUE...: as options of harness train, in the array $sets
settings() {
  sets=()
  for pair in "$@"; do sets+=(--set "$pair"); done
}

trap 'if [ -n "$server" ]; then kill -TERM "$server" 2>/dev/null || true; wait "$server" || true; fi' EXIT

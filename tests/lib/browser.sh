# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A headless Chromium for tests of pages, driven by chromedriver over HTTP. Source it after tap.sh.
#
#   browser_start [dark]; browser_open FILE; browser_js 'return 1 + 1'; browser_log; browser_stop

BROWSER_PID=

# browser_call METHOD PATH [BODY]: the "value" of the answer.
browser_call() {
    curl -s -X "$1" ${3:+-d "$3"} "http://127.0.0.1:$BROWSER_PORT$2" | jq -c .value
}

browser_start() {
    local dark=()
    [ "${1:-}" = dark ] && dark=(--blink-settings=preferredColorScheme=0)
    chromedriver --port=0 >"$WORK/chromedriver.log" 2>&1 &
    BROWSER_PID=$!
    wait_for 60 grep -q 'successfully on port' "$WORK/chromedriver.log" || return 1
    BROWSER_PORT=$(sed -n 's/.*successfully on port \([0-9]*\).*/\1/p' "$WORK/chromedriver.log")
    local arguments
    arguments=$(jq -cn '$ARGS.positional' --args -- headless=new no-sandbox disable-gpu disable-quic no-first-run \
        disable-background-networking disable-component-update disable-sync disable-dev-shm-usage window-size=1200,1000 \
        "user-data-dir=$WORK/browser${1:-}" "${dark[@]}")
    BROWSER_SESSION=$(browser_call POST /session "$(jq -cn --argjson a "$arguments" '{capabilities: {alwaysMatch: {
        "goog:chromeOptions": {args: $a}, "goog:loggingPrefs": {browser: "ALL", performance: "ALL"}}}}')" | jq -r .sessionId)
    [ "$BROWSER_SESSION" != null ] && [ -n "$BROWSER_SESSION" ]
}

browser_open() {
    browser_call POST "/session/$BROWSER_SESSION/url" "$(jq -cn --arg u "file://$1" '{url: $u}')" >/dev/null
}

# browser_js SCRIPT: what it returns, texts without quotes.
browser_js() {
    browser_call POST "/session/$BROWSER_SESSION/execute/sync" "$(jq -cn --arg s "$1" '{script: $s, args: []}')" |
        jq -r 'if type == "string" then . else tojson end'
}

# Everything on the console since the last time.
browser_console() {
    browser_call POST "/session/$BROWSER_SESSION/se/log" '{"type": "browser"}' | jq -r '.[].message'
}

# What was asked for, but for files, what a page has inside, and the browser's own first page.
browser_requests() {
    browser_call POST "/session/$BROWSER_SESSION/se/log" '{"type": "performance"}' |
        jq -r '.[].message | fromjson | .message | select(.method == "Network.requestWillBeSent") | .params.request.url' |
        grep -vE '^(file:///tmp/|data:|blob:|chrome:)'
}

browser_stop() {
    [ -n "$BROWSER_PID" ] || return 0
    browser_call DELETE "/session/$BROWSER_SESSION" >/dev/null
    kill "$BROWSER_PID" 2>/dev/null
    wait "$BROWSER_PID" 2>/dev/null
    BROWSER_PID=
}

#!/usr/bin/env bash
# Tell in an issue what a file says: in the open one of that title, or in a new one.
#   TITLE   of the issue        TEXT   the file, in Markdown        GH_TOKEN   what may write issues
set -euo pipefail
if [ ! -s "$TEXT" ]; then
    echo "::error title=aebench::there is nothing to tell: $TEXT was not written; the log of the step before says why"
    exit 2
fi
body=$(mktemp)
{ head -c 60000 "$TEXT"; printf '\n\n%s/%s/actions/runs/%s\n' "$GITHUB_SERVER_URL" "$GITHUB_REPOSITORY" "$GITHUB_RUN_ID"; } > "$body"
number=$(gh issue list --state open --limit 500 --json number,title --jq 'map(select(.title == env.TITLE)) | .[0].number // empty')
if [ -n "$number" ]; then
    gh issue comment "$number" --body-file "$body"
else
    gh issue create --title "$TITLE" --body-file "$body"
fi

#!/bin/sh
# Opens a pull request with the prompt that serves, where the repository's file holds another one.
#
#   propose-prompt.sh TASK FILE
#
# Reads INDUCTION_URL and INDUCTION_KEY (a key with prompts:read and runs:read), PROMPT_ALIAS
# (production; or staging), PROMPT_BASE (the branch to merge into; without it the one that is checked
# out) and PROMPT_REMOTE (origin).
# The body of the pull request is the report of the version: what its run found, or, where the run
# tried it and did not choose it, what became of it. It holds ids of cases and none of their texts.
# What was proposed is not proposed again while its pull request is open, or where it was closed
# unmerged; where it was merged, and the file has come to hold the same as before again, it is.
# Exits with 0 where there is nothing to propose, or it is proposed by now;
# with 1 where something failed; with 2 where it was called wrongly or a program is missing.
set -eu

fail() {
    printf 'propose-prompt: %s\n' "$1" >&2
    exit "${2:-1}"
}

[ "$#" -eq 2 ] || fail "usage: propose-prompt.sh TASK FILE" 2
task=$1
file=$2
case $task in
    '' | -* | *[!a-z0-9_-]*) fail "a task is named by small letters, digits, - and _" 2 ;;
esac
case $file in
    /* | -*) fail "the file is named from here, and not by an option" 2 ;;
    *.py) format=py ;;
    *.json) format=json ;;
    *) fail "the file is a .py or a .json" 2 ;;
esac
: "${INDUCTION_URL:?is not set: where induction is}" "${INDUCTION_KEY:?is not set: a key of induction}"
for program in git curl gh; do
    command -v "$program" >/dev/null 2>&1 || fail "$program is not installed" 2
done
alias=${PROMPT_ALIAS:-production}
case $alias in
    production | staging) ;;
    *) fail "PROMPT_ALIAS is production or staging" 2 ;;
esac
remote=${PROMPT_REMOTE:-origin}
base=${PROMPT_BASE:-$(git symbolic-ref --quiet --short HEAD)} || fail "PROMPT_BASE is not set" 2

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

# fetch PATH INTO: prints the status. The key goes by standard input: arguments can be seen.
fetch() {
    printf 'Authorization: Bearer %s\n' "$INDUCTION_KEY" |
        curl --silent --show-error --max-time 120 --retry 3 --header @- --output "$2" \
            --write-out '%{http_code}' "${INDUCTION_URL%/}$1" || fail "$INDUCTION_URL does not answer"
}

served=$folder/served
status=$(fetch "/v1/prompts/$task/export?format=$format&alias=$alias" "$served")
[ "$status" = 200 ] || fail "the export of $task is answered with status $status"
if [ -f "$file" ] && cmp -s "$served" "$file"; then
    echo "propose-prompt: $file is what serves"
    exit 0
fi

if [ "$format" = py ]; then
    version=$(sed -n 's/^# version \([0-9a-f-]\{36\}\)$/\1/p' "$served" | head -n 1)
else
    version=$(grep -o '"version_id":"[0-9a-f-]\{36\}"' "$served" | tail -n 1 | cut -d '"' -f 4)
fi
[ -n "$version" ] || fail "the export names no version"
path=$(git rev-parse --show-prefix)$file
# Named by what it would replace, too: a version may come to serve again, and in several files.
replaced=$(git rev-parse --quiet --verify "HEAD:$path" || echo nothing)
branch=induction/$task-$version-$(printf '%s %s' "$path" "$replaced" | git hash-object --stdin | cut -c 1-12)
if git ls-remote --exit-code --heads "$remote" "refs/heads/$branch" >/dev/null; then
    state=$(gh pr list --head "$branch" --state all --limit 1 --json state --jq '.[].state') ||
        fail "gh lists no pull requests"
    case $state in
        OPEN)
            echo "propose-prompt: $branch is there already"
            exit 0
            ;;
        CLOSED)
            echo "propose-prompt: $branch was declined; to propose it again, delete that branch"
            exit 0
            ;;
    esac
fi

report=$folder/report.md
status=$(fetch "/v1/prompts/$task/versions/$version/report?format=md" "$folder/whole.md")
case $status in
    200)
        # A body takes 65,536 characters: what is beyond is left out by whole lines.
        awk '{ size += length($0) + 1 }
             size > 60000 { print "\nThe rest is left out: induction has the whole report."; exit }
             { print }' "$folder/whole.md" >"$report"
        ;;
    404) echo "This version was brought in by hand: no run made it, so there is no report." >"$report" ;;
    *) fail "the report of $version is answered with status $status" ;;
esac

git config user.email >/dev/null || export GIT_AUTHOR_EMAIL=induction@localhost \
    GIT_COMMITTER_EMAIL=induction@localhost GIT_AUTHOR_NAME=induction GIT_COMMITTER_NAME=induction
title="The prompt of $task that serves in $alias: version $version in $file"
# In a tree of its own: what is checked out, and what was changed there, stays as it is.
tree=$folder/tree
trap 'git worktree remove --force "$tree" 2>/dev/null || true; rm -rf "$folder"' EXIT
git worktree add --quiet --detach "$tree" HEAD
mkdir -p "$(dirname "$tree/$path")"
cp "$served" "$tree/$path"
git -C "$tree" add -- "$path"
if git -C "$tree" diff --cached --quiet; then
    echo "propose-prompt: $file is what serves, once it is committed as it was"
    exit 0
fi
git -C "$tree" commit --quiet --message "$title"
git -C "$tree" push --quiet "$remote" "+HEAD:refs/heads/$branch"
gh pr create --base "$base" --head "$branch" --title "$title" --body-file "$report" || {
    # Or the next try would take it for proposed.
    git push --quiet "$remote" ":refs/heads/$branch"
    fail "gh opened no pull request"
}

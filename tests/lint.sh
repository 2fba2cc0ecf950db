#!/bin/sh
# Holds the source to its style, from the top of the checkout: headers compile alone, clang-format, shellcheck, cppcheck,
# systemd-analyze.
# All of them run; the exit code is 1 if one had something to say.
# usage: make lint, which sets LINT_FLAGS, the compiler's flags, and CC, the compiler.
set -u

failed=0

heading() {
	printf '%s\n' "lint: $1"
}

# The files of the product by suffix, one a line; the names hold no spaces.
files() {
	find api deploy include sql tests worker \( -name node_modules -o -name .venv \) -prune -o -type f -name "*.$1" -print | sort
}

need() {
	command -v "$1" >/dev/null && return 0
	echo "lint: $1 is missing: install the package $1" >&2
	failed=1
	return 1
}

# The flags hold quotes for a shell, so they are its words only after eval.
headers_compile_alone() {
	heading "each header compiles alone"
	eval "set -- ${LINT_FLAGS:?is not set: run make lint}"
	for header in $(files h); do
		case $header in tests/*) continue ;; esac
		printf '#include "%s"\n' "${header#include/}" |
			"${CC:-cc}" "$@" -Werror -fsyntax-only -x c - || {
			echo "lint: $header does not compile alone" >&2
			failed=1
		}
	done
}

format() {
	need clang-format || return
	heading "clang-format"
	# shellcheck disable=SC2046 # names without spaces
	clang-format --dry-run -Werror $(files c) $(files h) || failed=1
}

scripts() {
	need shellcheck || return
	heading "shellcheck"
	# shellcheck disable=SC2046 # names without spaces
	shellcheck $(files sh) || failed=1
}

# Macros of Check and Jansson are given a meaning that cppcheck can parse. In C with glibc NULL is a pointer, also as the
# last of variable arguments; the compiler checks those by the attribute sentinel.
analysis() {
	need cppcheck || return
	heading "cppcheck"
	cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr --std=c11 --platform=unix64 -j 2 \
		-Iinclude -I. -D_GNU_SOURCE -DKEPT_VERSION='""' -DEND_TEST= '-DSTART_TEST(name)=static void name(int _i)' \
		'-Djson_object_foreach(object,key,value)=for (key = next(object); key && (value = next(key));)' \
		'-Djson_array_foreach(array,index,value)=for (index = 0; (value = next(array, index)); index++)' \
		--suppress=missingIncludeSystem --suppress=varFuncNullUB api deploy include sql tests worker || failed=1
}

# The units name programs where `make install` puts them; here any program that is there will do.
units() {
	command -v systemd-analyze >/dev/null || {
		echo "lint: systemd-analyze is missing: install the package systemd" >&2
		failed=1
		return
	}
	heading "units"
	folder=$(mktemp -d)
	cp deploy/systemd/*.service deploy/systemd/*.socket "$folder"
	sed -i 's|/usr/local/bin/kept-[a-z]*|/bin/true|' "$folder"/*.service
	said=$(systemd-analyze verify --recursive-errors=no "$folder"/* 2>&1) || failed=1
	[ -z "$said" ] || {
		printf '%s\n' "$said" >&2
		failed=1
	}
	for unit in "$folder"/*.service; do
		# The threshold is ten times what is printed.
		systemd-analyze security --offline=true --threshold=20 --no-pager "$unit" >"$folder/said" 2>&1 || {
			cat "$folder/said" >&2
			failed=1
		}
	done
	rm -rf "$folder"
}

headers_compile_alone "$@"
format
scripts
analysis
units
exit "$failed"

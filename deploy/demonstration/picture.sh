#!/bin/sh
# Draws the summary as an SVG: one bar for each group, in the order of the table. README's picture is made by it.
# usage: curl -sH "Authorization: Bearer $(cat var/key)" http://127.0.0.1:8420/v1/summary | sh deploy/demonstration/picture.sh
set -eu
tr '{' '\n' | grep '"group"' | sed 's/ *: */:/g; s/, *"/,"/g' | LC_ALL=C awk '
	function number(name,   at) {
		at = match($0, "\"" name "\":[0-9]+")
		return at ? substr($0, at + length(name) + 3, RLENGTH - length(name) - 3) + 0 : 0
	}
	function bar(count, colour) {
		if (count > 0) {
			printf "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"20\" fill=\"%s\"/>\n", x, y - 15, count * unit, colour
			printf "<text x=\"%d\" y=\"%d\" fill=\"#fff\" text-anchor=\"middle\">%d</text>\n", x + count * unit / 2, y, count
			x += count * unit
		}
	}
	function legend(at, colour, words) {
		printf "<rect x=\"%d\" y=\"14\" width=\"12\" height=\"12\" fill=\"%s\"/><text x=\"%d\" y=\"25\">%s</text>\n", at, colour, at + 18, words
	}
	BEGIN {
		unit = 56
		print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 330\" font-family=\"system-ui, sans-serif\" font-size=\"14\" role=\"img\">"
		print "<title>Who promised what, by group</title>"
		print "<rect width=\"760\" height=\"330\" fill=\"#fff\"/>"
		legend(20, "#2e7d4f", "completed")
		legend(130, "#2563a8", "in progress")
		legend(250, "#52708f", "agreed")
		legend(345, "#6b6b6b", "proposed")
		legend(455, "#b3401f", "of these overdue")
		y = 62
	}
	{
		match($0, /"name":"[^"]*"/)
		name = substr($0, RSTART + 8, RLENGTH - 9)
		printf "<text x=\"20\" y=\"%d\">%s</text>\n", y, name
		x = 270
		if ($0 ~ /"none":true/) {
			printf "<text x=\"%d\" y=\"%d\" fill=\"#8a1f0c\">missing: nobody promises anything</text>\n", x, y
		} else {
			bar(number("completed"), "#2e7d4f")
			bar(number("in_progress"), "#2563a8")
			bar(number("agreed"), "#52708f")
			bar(number("proposed"), "#6b6b6b")
			late = number("overdue")
			if (late > 0)
				printf "<text x=\"%d\" y=\"%d\" fill=\"#b3401f\">%d overdue</text>\n", x + 10, y, late
		}
		y += 33
	}
	END { print "</svg>" }'

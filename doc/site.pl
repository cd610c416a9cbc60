# SPDX-License-Identifier: ISC
#
# What make-site works with: files and commands, text and HTML, and the three
# things that are done to a page: man pages are given ids, names are linked,
# words are collected for the search.
use strict;
use warnings;

# ---- Files and commands ------------------------------------------------------

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    my $text = <$in>;
    close $in;
    return $text;
}

sub spit {
    my ($path, $text) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
}

# The output of a command; it must succeed.
sub run {
    my @command = @_;
    open my $in, '-|', @command or die "$command[0]: $!\n";
    local $/;
    my $text = <$in>;
    close $in or die "@command: failed\n";
    return $text;
}

# The same with text on its standard input.
sub run_with {
    my ($text, @command) = @_;
    my $pid = open my $in, '-|';
    defined $pid or die "fork: $!\n";
    if ($pid == 0) {
        open my $out, '|-', @command or die "$command[0]: $!\n";
        print $out $text;
        close $out;
        exit($? >> 8);
    }
    local $/;
    my $output = <$in>;
    close $in or die "@command: failed\n";
    return $output;
}

# ---- Text and HTML ---------------------------------------------------------------

my %entity = (amp => '&', lt => '<', gt => '>', quot => '"', nbsp => ' ', apos => "'");

sub escape {
    my ($text) = @_;
    $text =~ s/&/&amp;/g;
    $text =~ s/</&lt;/g;
    $text =~ s/>/&gt;/g;
    $text =~ s/"/&quot;/g;
    return $text;
}

sub unescape {
    my ($html) = @_;
    $html =~ s/&#x([0-9a-fA-F]+);/utf8(hex $1)/ge;
    $html =~ s/&#(\d+);/utf8($1)/ge;
    $html =~ s/&(\w+);/$entity{$1} \/\/ "&$1;"/ge;
    return $html;
}

sub utf8 {
    my $text = chr shift;
    utf8::encode($text);
    return $text;
}

# The words of a piece of HTML.
sub text_of {
    my ($html) = @_;
    $html =~ s/<[^>]*>//g;
    $html = unescape($html);
    $html =~ s/\s+/ /g;
    $html =~ s/^ | $//g;
    return $html;
}

# What a heading is called in a link.
sub id_of {
    my $id = lc text_of(shift);
    $id =~ s/[^a-z0-9_]+/-/g;
    $id =~ s/^-|-$//g;
    return $id;
}

# A bird of three strokes.
sub bird {
    return '<svg viewBox="0 3 16 9" aria-hidden="true">'
        . '<path d="M1 5q4-1 7 4q3-5 7-4q-5 1-7 6q-2-5-7-6z"/></svg>';
}

# A diagram in the page itself. What it shows is said in words, too.
sub diagram {
    my ($path, $words) = @_;
    my $svg = slurp($path);
    $svg =~ s/<\?.*?\?>\s*//gs;
    $svg =~ s/<!--.*?-->\s*//gs;
    $svg =~ s/<style>.*?<\/style>\s*//gs;
    $svg =~ s/ xmlns="[^"]*"//;
    $svg =~ s/<svg /<svg role="img" aria-label="$words" /;
    return "<figure>\n$svg</figure>";
}

# ---- Man pages ---------------------------------------------------------------------

# mandoc's HTML as a page of ours: a title, headings one level down, an id for
# each function and option, the names that it explains noted.
sub man_page {
    my ($page, $name, $section, $html) = @_;
    $html =~ s{<table class="(?:head|foot)">.*?</table>}{}gs;
    $html =~ s{<div class="(?:head|foot)".*?</div>}{}gs;
    my $name_section = $html;
    $html =~ s{ style="[^"]*"}{}g;
    $html =~ s{ title="[^"]*"}{}g;
    $html =~ s{<a class="permalink" href="#[^"]*">(.*?)</a>}{$1}gs;
    $html =~ s{(<(?:code|var|span|b|i|a|p|div)\b[^>]*?) id="[^"]*"}{$1}g;
    # One level down: the page's own title is the only h1.
    $html =~ s{<h2 class="Ss"}{<h3}g;
    $html =~ s{(<h3[^>]*>(?:(?!</h[23]>).)*)</h2>}{$1</h3>}gs;
    $html =~ s{<h1 class="Sh"}{<h2}g;
    $html =~ s{(<h2[^>]*>(?:(?!</h[12]>).)*)</h1>}{$1</h2>}gs;
    $html =~ s{<(h[23]) id="([^"]*)">(.*?)</h[23]>}{heading($1, $2, $3)}gse;
    $page->{class} = 'man';
    my $names = $page->{names} = {};
    # A function's description begins at its item.
    $html =~ s{<dt[^>]*>((?:(?!</dt>).)*?<code class="Fn".*?)</dt>}{item($1, $names)}gse;
    # In the synopsis its name leads there.
    $html =~ s{(<h2 id="synopsis">)(.*?)(?=<h2)}{$1 . synopsis_html($2)}se if $section == 3;
    # Structures, enumerations and constants, in the displays of section 3.
    if ($section == 3) {
        $html =~ s{<div class="Bd[^"]*Li">\s*<pre>(.*?)</pre>\s*</div>}
            {'<pre class="c">' . declare(colour_c(unescape($1)), $names) . '</pre>'}gse;
    }
    $html =~ s{(<pre.*?</pre>|<code.*?</code>|<[^>]*>)|(?<=\w)'(?=\w)}{$1 // '&#8217;'}gse;
    # What mdoc calls the name is the title of a web page.
    $html =~ s{<section class="Sh">\s*<h2 id="name">.*?</section>\s*}{}s;
    my ($about) = $name_section =~ m{<span class="Nd">(.*?)</span>}s;
    $page->{about} = ucfirst(text_of($about // '')) . '.';
    return qq(<h1 id="$name.$section">$name<span>($section)</span></h1>\n)
        . qq(<p class="lead">) . escape($page->{about}) . "</p>\n$html";
}

# An item of one function or of several: the first names the item.
sub item {
    my ($html, $names) = @_;
    my $first;
    $html =~ s{<code class="Fn"(?: id="[^"]*")?>(\w+)</code>}{
        my $id = defined $first ? qq( id="$1") : '';
        $first //= $1;
        $names->{$1} = $1;
        qq(<code class="Fn"$id>$1</code>)}ge;
    $html =~ s{\),\s*(?=<code class="Fn")}{)<br>}g;
    return qq(<dt id="$first">$html</dt>);
}

sub synopsis_html {
    my ($html) = @_;
    $html =~ s{<p class="Pp">(?=<var class="Ft">|<code class="Fn">)}{<p class="prototype">}g;
    $html =~ s{(</var>)\s*<br/>\s*}{$1 }g;
    $html =~ s{\s+}{ }g;
    $html =~ s{\*</var> <code}{*</var><code}g;
    $html =~ s{(</p>|</section>|<section[^>]*>) ?}{$1\n}g;
    return $html;
}

# A section's title in ordinary letters, with an id without surprises.
sub heading {
    my ($tag, $id, $text) = @_;
    $id = lc $id;
    $id =~ s/[^a-z0-9]+/-/g;
    $text =~ s/(?:&#x00A0;|&nbsp;|\s)+/ /g;
    $text = ucfirst lc $text if $text =~ /^[A-Z][A-Z ]+$/;
    return qq(<$tag id="$id">$text</$tag>);
}

sub declare {
    my ($code, $names) = @_;
    $code =~ s{^<b>(struct|enum)</b> (tern_\w+)(?= \{|;)}
        {$names->{"$1 $2"} = "$1.$2"; qq(<b>$1</b> <dfn id="$1.$2">$2</dfn>)}gme;
    $code =~ s{^( {4}|<u>#define</u> )(TERN_\w+)}
        {$names->{$2} ? "$1$2" : do { $names->{$2} = $2; qq($1<dfn id="$2">$2</dfn>) }}gme;
    $code =~ s{^((?:<b>typedef</b>|<b>extern</b>)[^\n]*?)\b(tern_\w+)(?=[(;\[])}
        {$names->{$2} ? "$1$2" : do { $names->{$2} = $2; qq($1<dfn id="$2">$2</dfn>) }}gme;
    return $code;
}

# ---- Code ------------------------------------------------------------------------------

my $c_words = join '|', qw(auto break case char const continue default do double else enum extern
    float for goto if inline int long return short signed sizeof static struct switch typedef
    union unsigned void volatile while bool size_t ssize_t uint8_t uint16_t uint32_t uint64_t
    NULL true false _Alignas _Static_assert);

# Comments, strings and words of the language, in text that is not HTML yet.
sub colour_c {
    my ($text) = @_;
    my $html = '';
    while ($text =~ m{\G(?:(/\*.*?\*/|//[^\n]*)|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
        |(^\#\ *\w+)|\b($c_words)\b|(\w+|.))}gsmx) {
        my ($comment, $string, $directive, $word, $other) = ($1, $2, $3, $4, $5);
        $html .= defined $comment ? '<i>' . escape($comment) . '</i>'
            : defined $string ? '<q>' . escape($string) . '</q>'
            : defined $directive ? '<u>' . escape($directive) . '</u>'
            : defined $word ? "<b>$word</b>" : escape($other);
    }
    return $html;
}

# Every name that some page explains becomes a link, where it stands in code.
sub link_names {
    my ($html, $here, $target) = @_;
    $html =~ s{<pre><code class="language-c">(.*?)</code></pre>}
        {'<pre class="c"><code>' . colour_c(unescape($1)) . '</code></pre>'}gse;
    my ($depth, $in_a, $in_dt, $out) = (0, 0, 0, '');
    for my $piece (split /(<[^>]*>)/, $html) {
        if ($piece =~ /^<(\/?)(code|pre|b|var|a|dt)\b/) {
            my $step = $1 ? -1 : 1;
            if ($2 eq 'a') { $in_a += $step }
            elsif ($2 eq 'dt') { $in_dt += $step }
            else { $depth += $step }
        } elsif ($piece !~ /^</ && $depth > 0 && !$in_a && !$in_dt
            && $out !~ /<dfn id="[^"]*">$/) {
            my $tag = $out =~ m{<b>(struct|enum)</b>$} ? $1 : undef;
            if ($tag && $piece =~ s{^(\s+)(tern_\w+)}{}) {
                my ($space, $type) = ($1, $2);
                my $link = link_name($tag, $type, undef, $here, $target);
                $out .= $space . $link =~ s{(?<=>)\Q$tag\E |^\Q$tag\E }{}r;
            }
            $piece =~ s{\b(?:(struct|enum)\s+(tern_\w+)|(tern_\w+|TERN_\w+))\b}
                {link_name($1, $2, $3, $here, $target)}ge;
        }
        $out .= $piece;
    }
    return $out;
}

sub link_name {
    my ($kind, $type, $name, $here, $target) = @_;
    my $url = $target->{ $kind ? "$kind $type" : $name };
    my $text = $kind ? "$kind $type" : $name;
    return $text unless defined $url;
    $url =~ s/^\Q$here\E(?=#)//;
    return qq(<a href="$url">$text</a>);
}

# ---- Search -------------------------------------------------------------------------

# A list of pages, and of sections: page, id, heading, the words in it.
sub search_index {
    my (@pages) = @_;
    my (@page_list, @sections);
    for my $page (grep { !$_->{quiet} } @pages) {
        push @page_list, '[' . join(',', map { json($_) } $page->{url}, $page->{title}) . ']';
        my ($id, $heading) = ('', $page->{title});
        my $html = $page->{html};
        push @sections, '[' . join(',', $#page_list, json($_), json(s/^(?:struct|enum)\.//r), '""') . ']'
            for $html =~ /<dfn id="([^"]*)"/g;
        $html =~ s{<figure>.*?</figure>}{}gs;
        $html =~ s{<a class="anchor".*?</a>}{}g;
        for my $part (split /(?=<h[123] id=|<dt id=)/, $html) {
            if ($part =~ s{^<(h[123]|dt) id="([^"]*)">(.*?)</\1>}{}s) {
                my $tag = $1;
                ($id, $heading) = ($2, text_of($3));
                $heading = $id if $tag eq 'dt' && $id =~ /^tern_/;
                $id = '' if $tag eq 'h1';
            }
            my %seen;
            my @words = grep { length > 1 && !$seen{$_}++ }
                map { lc } text_of($part =~ s/></> </gr) =~ /[\w.:\/-]*\w/g;
            push @sections, '[' . join(',', $#page_list, json($id), json($heading),
                json(join ' ', @words)) . ']' if @words || $heading ne '';
        }
    }
    return qq({"pages":[\n) . join(",\n", @page_list) . qq(],\n"sections":[\n)
        . join(",\n", @sections) . "]}\n";
}

sub json {
    my ($text) = @_;
    $text =~ s/([\\"])/\\$1/g;
    $text =~ s/[\x00-\x1f]/ /g;
    return qq("$text");
}

1;

#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What tests/parts/manual asks of texts:
#
#   manual.pl undocumented PAGE <NAMES   the names that the man page does not have
#                                        in its synopsis and, with words, below it
#   manual.pl examples DIR FILE...       puts each C example of the pages into DIR;
#                                        prints those that have no name
#   manual.pl site DIR                   checks the pages of a site: ok, not ok
use strict;
use warnings;
use JSON::PP;

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$in>;
}

sub undocumented {
    my ($page) = @_;
    my $text = slurp($page);
    my ($synopsis, $below) = $text =~ /^\.Sh SYNOPSIS\n(.*?)^\.Sh DESCRIPTION\n(.*)/ms or die;
    my (%described, @items);
    for my $line (split /\n/, $below) {
        if ($line =~ /^\.(?:It )?Fn (tern_\w+)/) { push @items, $1 }
        elsif ($line =~ /^\.(?:It Xo|Xc)/) { }
        elsif ($line =~ /^\.(?:It|El|Ss|Sh|Bd)\b/) { @items = () }
        else { $described{$_} = 1 for @items; @items = () }
    }
    while (my $name = <STDIN>) {
        chomp $name;
        print "$name is not in the synopsis\n" unless $synopsis =~ /^\.Fo \Q$name\E$/m;
        print "$name has no words\n" unless $described{$name};
    }
}

sub examples {
    my ($dir, @files) = @_;
    my %seen;
    for my $file (@files) {
        my ($name, $code);
        my $man = $file =~ /\.3$/;
        my $in_examples = 0;
        for my $line (split /\n/, slurp($file)) {
            if (defined $code) {
                if ($line =~ ($man ? qr/^\.Ed/ : qr/^```/)) {
                    if (!defined $name) { print "$file: an example without a name\n" }
                    elsif ($seen{$name}++) { print "$file: a second $name\n" }
                    else {
                        open my $out, '>', "$dir/$name.c" or die;
                        print $out $code;
                        close $out;
                    }
                    undef $code;
                    undef $name;
                    next;
                }
                $line =~ s/^\\&//, $line =~ s/\\e/\\/g if $man;
                $code .= "$line\n";
                next;
            }
            if ($line =~ ($man ? qr/^\.\\" example (\w+)/ : qr/^<!-- example (\w+) -->/)) { $name = $1 }
            $in_examples = $line =~ /EXAMPLES/ if $line =~ /^\.Sh/;
            $code = '' if $man ? $in_examples && $line =~ /^\.Bd/ : $line =~ /^```c$/;
        }
    }
    print "no example at all\n" unless %seen;
}

my %void = map { $_ => 1 } qw(meta link br hr img input path rect circle line polyline polygon);

# The complaints about one page; its ids and links.
sub page {
    my ($html) = @_;
    my (@wrong, @open, %ids, @links, %n);
    push @wrong, 'no doctype' unless $html =~ /^<!doctype html>\n/;
    push @wrong, 'no title' unless $html =~ m{<title>[^<]+</title>};
    push @wrong, 'no language' unless $html =~ /<html lang="en">/;
    while ($html =~ m{\G(?:([^<]+)|<!doctype html>|<!--.*?-->|<(/?)(\w+)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*(/?)>)}gcs) {
        my ($text, $end, $name, $attributes, $self) = ($1, $2, $3, $4, $5);
        if (defined $text) {
            push @wrong, "a bare & in '" . substr($text, 0, 30) . "'"
                if $text =~ /&(?!(?:#\d+|#x[0-9a-fA-F]+|\w+);)/;
            next;
        }
        next unless defined $name;
        if ($end) {
            my $last = pop @open // 'nothing';
            push @wrong, "</$name> ends <$last>" if $last ne $name;
            next;
        }
        $n{$name}++;
        my %a;
        while ($attributes =~ /([\w:-]+)(?:="([^"]*)")?/g) {
            push @wrong, "$1 twice in <$name>" if exists $a{$1};
            $a{$1} = $2 // '';
        }
        push @wrong, "style in <$name>" if exists $a{style} || $name eq 'style';
        push @wrong, "a script in the page" if $name eq 'script' && !$a{src};
        push @wrong, "$_ in <$name>" for grep { /^on/ } keys %a;
        push @wrong, 'an image without words' if $name eq 'img' && !$a{alt};
        push @wrong, "id $a{id} twice" if exists $a{id} && $ids{ $a{id} }++;
        push @links, grep { defined } @a{qw(href src data-index)};
        push @open, $name unless $void{$name} || $self;
    }
    push @wrong, 'not understood: ' . substr($html, pos($html) // 0, 40)
        if (pos($html) // 0) < length $html;
    push @wrong, "<$_> is never closed" for @open;
    push @wrong, 'not one <h1>' unless ($n{h1} // 0) == 1;
    push @wrong, 'not one <main>' unless ($n{main} // 0) == 1;
    return (\@wrong, \%ids, \@links);
}

sub site {
    my ($dir) = @_;
    my (%ids, %links, %titles);
    for my $path (sort glob "$dir/*.html") {
        my ($file) = $path =~ m{([^/]+)$};
        my $html = slurp($path);
        my ($wrong, $ids, $links) = page($html);
        ($ids{$file}, $links{$file}) = ($ids, $links);
        my ($title) = $html =~ m{<title>(.*?)</title>};
        push @$wrong, "the title of $titles{$title}" if $titles{$title};
        $titles{$title} = $file;
        my %once;
        print @$wrong ? "not ok - $file is well-formed: " . join('; ', grep { !$once{$_}++ } @$wrong) . "\n"
            : "ok - $file is well-formed\n";
    }
    my $resolves = sub {
        my ($from, $link) = @_;
        return 1 if $link =~ m{^https?://};
        my ($file, $id) = $link =~ m{^/?([^#]*)(?:#(.*))?$};
        $file = $from if $file eq '';
        return 0 unless -f "$dir/$file";
        return !defined $id || $ids{$file}{$id};
    };
    my (%reached, @queue);
    for my $file (sort keys %links) {
        my @dead = grep { !$resolves->($file, $_) } @{ $links{$file} };
        print @dead ? "not ok - every link of $file leads somewhere: @dead[0 .. ($#dead < 5 ? $#dead : 5)]\n"
            : "ok - every link of $file leads somewhere\n";
    }
    @queue = ('index.html');
    while (my $file = shift @queue) {
        next if $reached{$file}++;
        push @queue, map { m{^/?([^#]+\.html)} ? $1 : () } grep { !/^https?:/ } @{ $links{$file} // [] };
    }
    my @lost = grep { !$reached{$_} && $_ ne '404.html' } sort keys %links;
    print @lost ? "not ok - every page is reached from the first: @lost\n"
        : "ok - every page is reached from the first\n";
    my $index = eval { decode_json(slurp("$dir/search.json")) };
    print ref $index ? "ok - search.json is JSON\n" : "not ok - search.json is JSON: $@";
    my @dead = grep { !$resolves->('', $_) } map {
        $index->{pages}[ $_->[0] ][0] . ($_->[1] ne '' ? "#$_->[1]" : '')
    } @{ $index->{sections} };
    print @dead ? "not ok - what the search finds is there: @dead\n"
        : 'ok - what the search finds is there: ' . @{ $index->{sections} } . " sections\n";
}

my ($what, @rest) = @ARGV;
my %do = (undocumented => \&undocumented, examples => \&examples, site => \&site);
($do{ $what // '' } // die "usage: manual.pl undocumented|examples|site ...\n")->(@rest);

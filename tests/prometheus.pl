#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Reads Prometheus's text exposition format 0.0.4 strictly, more so than
# Prometheus does: each family has HELP and TYPE once, then its samples in one
# piece; names, labels, escapes and numbers are right; no sample is there twice.
#
#   prometheus.pl FILE                all lines are right: status 0; else says why
#   prometheus.pl FILE 'NAME{L="V"}'  prints the sample's value
#   prometheus.pl FILE sum NAME       the sum over a family
#   prometheus.pl FILE names          the families, one a line
use strict;
use warnings;

my ($file, @ask) = @ARGV;
open(my $in, '<', $file) or die "$file: $!\n";
local $/;
my $text = <$in> // '';
sub wrong { print STDERR "$file: @_\n"; exit 1 }
wrong('empty') if $text eq '';
wrong('the last line has no newline') if $text !~ /\n\z/;
wrong('a carriage return') if $text =~ /\r/;
utf8::decode(my $copy = $text) or wrong('not UTF-8');

my (%help, %type, %seen, %value, %sum, $family, $n, @order);
for my $line (split /\n/, $text) {
    $n++;
    if ($line =~ /^# HELP ([a-z][a-z0-9_]*) (\S.*\S)$/) {
        wrong("line $n: HELP of $1 again") if $help{$1}++;
        wrong("line $n: $1 was over") if $seen{$1};
        my ($name, $help) = ($1, $2);
        wrong("line $n: HELP with a bad escape") if $help =~ /\\(?![\\n])/;
        $family = $name;
        push @order, $name;
    } elsif ($line =~ /^# TYPE ([a-z][a-z0-9_]*) (counter|gauge)$/) {
        wrong("line $n: TYPE of $1 again") if exists $type{$1};
        wrong("line $n: TYPE of $1 without its HELP before it") if $1 ne ($family // '');
        my ($name, $kind) = ($1, $2);
        $type{$name} = $kind;
        wrong("line $n: a $kind named $name") if ($kind eq 'counter') != ($name =~ /_total$/);
    } elsif ($line =~ /^([a-z][a-z0-9_]*)(\{.*\})? (\d+)$/) {
        my ($name, $labels, $value) = ($1, $2 // '', $3);
        wrong("line $n: $name outside of its family") if $name ne ($family // '');
        wrong("line $n: $name has no TYPE") unless exists $type{$name};
        my %names;
        if ($labels ne '') {
            my $rest = substr $labels, 1, -1;
            while ($rest =~ s/^([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)//) {
                wrong("line $n: label $1 twice") if $names{$1}++;
                wrong("line $n: a comma and nothing") if $3 eq ',' && $rest eq '';
            }
            wrong("line $n: labels: $rest") if $rest ne '' || !%names;
        }
        wrong("line $n: $name$labels again") if exists $value{"$name$labels"};
        wrong("line $n: $value is more than 64 bits") if length $value > 20;
        $value{"$name$labels"} = $value;
        $sum{$name} += $value;
        $seen{$name}++;
    } else {
        wrong("line $n: neither HELP, TYPE nor a sample: $line");
    }
}
for my $name (@order) { wrong("$name has no sample") unless $seen{$name} }
if (!@ask) {
    exit 0;
} elsif ($ask[0] eq 'names') {
    print "$_\n" for @order;
} elsif ($ask[0] eq 'sum') {
    wrong("no family $ask[1]") unless exists $sum{$ask[1]};
    print "$sum{$ask[1]}\n";
} else {
    wrong("no sample $ask[0]") unless exists $value{$ask[0]};
    print "$value{$ask[0]}\n";
}

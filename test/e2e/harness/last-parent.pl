# Runs a command as a child, kills it with SIGKILL when told so by SIGUSR1, and then waits for whatever that
# child has left: as a subreaper this process becomes the parent of every orphan below it, however far it got
# and whatever it is called. Ends with 1, and names what is left, when anything lives on.
use strict;
use warnings;
use POSIX ();

my $SECONDS = 20;
my ($PR_SET_PDEATHSIG, $PR_SET_CHILD_SUBREAPER, $SIGKILL) = (1, 36, 9);
my $prctl = (POSIX::uname())[4] eq 'aarch64' ? 167 : 157;

syscall($prctl, $PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 or die "subreaper: $!\n";
my $child = 0;
local $SIG{USR1} = sub { kill 'KILL', $child if $child };
$child = fork() // die "fork: $!\n";
if ($child == 0) {
  syscall($prctl, $PR_SET_PDEATHSIG, $SIGKILL, 0, 0, 0) == 0 or die "parent's death: $!\n";
  exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\n";
}
1 while waitpid($child, 0) == -1 && $!{EINTR};

my $over = 0;
local $SIG{ALRM} = sub { $over = 1 };
alarm $SECONDS;
while (!$over) {
  exit 0 if waitpid(-1, 0) == -1 && $!{ECHILD};
}
open(my $list, '<', "/proc/$$/task/$$/children") or die "children: $!\n";
for my $left (split ' ', join '', readline $list) {
  open(my $file, '<', "/proc/$left/cmdline") or next;
  my $words = join('', readline $file) =~ tr/\0/ /r;
  print {*STDERR} "process $left lives on: $words\n";
  kill 'KILL', $left;
}
exit 1;

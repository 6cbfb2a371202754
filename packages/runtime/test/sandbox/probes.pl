# What a hostile program tries. Each argument is NAME or NAME=VALUE; for each, one line is printed:
#   NAME <tab> worked|refused <tab> detail
# Every attempt is bounded by itself, so that it is safe to run without any sandbox around it.
use strict;
use warnings;

$| = 1;
my $machine = `uname -m`;
chomp $machine;
my %numbers = (
  x86_64 => {
    ptrace => 101, process_vm_readv => 310, bpf => 321, perf_event_open => 298, io_uring_setup => 425,
    userfaultfd => 323, keyctl => 250, add_key => 248, mount => 165, umount2 => 166, pivot_root => 155, setns => 308,
    unshare => 272, kexec_load => 246, init_module => 175, swapon => 167, quotactl => 179, syslog => 103,
    open_by_handle_at => 304, settimeofday => 164, sethostname => 170, clone => 56, clone3 => 435, fsopen => 430,
    open_tree => 428, pidfd_open => 434, pidfd_getfd => 438, prlimit64 => 302, mmap => 9, memfd_create => 319,
    shmget => 29, getsid => 124, ioctl => 16, setxattr => 188, read => 0, acct => 163, setsid => 112,
  },
  aarch64 => {
    ptrace => 117, process_vm_readv => 270, bpf => 280, perf_event_open => 241, io_uring_setup => 425,
    userfaultfd => 282, keyctl => 219, add_key => 217, mount => 40, umount2 => 39, pivot_root => 41, setns => 268,
    unshare => 97, kexec_load => 104, init_module => 105, swapon => 224, quotactl => 60, syslog => 116,
    open_by_handle_at => 265, settimeofday => 170, sethostname => 161, clone => 220, clone3 => 435, fsopen => 430,
    open_tree => 428, pidfd_open => 434, pidfd_getfd => 438, prlimit64 => 261, mmap => 222, memfd_create => 279,
    shmget => 194, getsid => 156, ioctl => 29, setxattr => 5, read => 63, acct => 89, setsid => 157,
  },
);
my $nr = $numbers{$machine} or die "no table for $machine\n";
my ($AF_UNIX, $AF_INET, $AF_INET6, $STREAM, $DGRAM, $RAW) = (1, 2, 10, 1, 2, 3);

my $current = '';
sub worked { my ($detail) = @_; print "$current\tworked\t", ($detail // '') =~ s/[\t\n\0]/ /gr, "\n"; return 1 }
sub refused { my ($detail) = @_; print "$current\trefused\t", ($detail // ($! + 0) . " $!") =~ s/[\t\n\0]/ /gr, "\n"; return 0 }
sub outcome { my ($good, $detail) = @_; return $good ? worked($detail) : refused() }
sub sys { my ($name, @arguments) = @_; my $result = syscall($nr->{$name}, @arguments); return $result }
sub tried { my ($name, @arguments) = @_; return outcome(sys($name, @arguments) != -1, $name) }
sub slurp { my ($path) = @_; open(my $file, '<', $path) or return undef; local $/ = undef; return readline $file }
sub inet { my ($port, @bytes) = @_; return pack('S n C4 x8', $AF_INET, $port, @bytes) }

my %attempts = (
  # Files
  read => sub { my $text = slurp($_[0]); outcome(defined $text && length $text, $text) },
  list => sub { opendir(my $list, $_[0]) or return refused(); my @names = grep { !/^\.\.?$/ } readdir $list; @names ? worked("@names") : refused('empty') },
  create => sub { open(my $file, '>', $_[0]) or return refused(); print $file "x"; close $file or return refused(); worked() },
  append => sub { open(my $file, '>>', $_[0]) or return refused(); print $file "x"; close $file or return refused(); worked() },
  open_to_write => sub { sysopen(my $file, $_[0], 1) or return refused(); worked() },
  open_any => sub { my $file; sysopen($file, $_[0], 0) or sysopen($file, $_[0], 1) or return refused(); worked() },
  hardlink => sub { my ($from, $to) = split /:/, $_[0]; outcome(link($from, $to)) },
  rename => sub { my ($from, $to) = split /:/, $_[0]; outcome(rename($from, $to)) },
  through_link => sub { my ($target, $link) = split /:/, $_[0]; symlink($target, $link) or return refused(); my $text = slurp($link); outcome(defined $text, $text) },
  write_through_link => sub { my ($target, $link) = split /:/, $_[0]; symlink($target, $link) or return refused(); open(my $file, '>>', $link) or return refused(); print $file 'x'; outcome(close $file) },
  overlong => sub { my $path = '/' . ('../' x 1300) . substr($_[0], 1); my $text = slurp($path); outcome(defined $text, $text) },
  mknod => sub { my $result = system('mknod', $_[0], 'c', '1', '3'); $result == 0 && sysopen(my $file, $_[0], 0) ? worked() : refused('mknod or its use failed') },
  fifo => sub { outcome(system('mkfifo', $_[0]) == 0) },
  setuid_file => sub { open(my $file, '>', $_[0]) or return refused(); close $file; chmod(04755, $_[0]) or return refused(); outcome(((stat $_[0])[2] & 04000) != 0) },
  fill => sub { my ($path, $limit) = split /:/, $_[0]; fill($path, $limit) },
  # Secrets
  env_canary => sub { my @found = grep { ($ENV{$_} // '') =~ /CANARY-7f3a/ } keys %ENV; outcome(@found || (slurp('/proc/self/environ') // '') =~ /CANARY-7f3a/, "@found") },
  proc_canary => sub { my @found = grep { (slurp($_) // '') =~ /CANARY-7f3a/ } glob('/proc/[0-9]*/environ'), glob('/proc/[0-9]*/cmdline'); outcome(scalar @found, "@found") },
  proc_policy => sub { my @found = grep { (slurp($_) // '') =~ /--unshare-user/ } glob('/proc/[0-9]*/cmdline'); outcome(scalar @found, "@found") },
  foreign_pids => sub { my ($pid) = @_; outcome(-d "/proc/$pid" && (slurp("/proc/$pid/cmdline") // '') =~ /victim/, $pid) },
  inherited_fds => sub { opendir(my $list, '/proc/self/fd') or return refused(); my @more = grep { /^\d+$/ && $_ > 2 && (readlink("/proc/self/fd/$_") // '') !~ m{^/proc/|probes\.pl$} } readdir $list; outcome(scalar @more, join ' ', map { readlink "/proc/self/fd/$_" } @more) },
  core_limit => sub { my $old = pack('Q2', 0, 0); syscall($nr->{prlimit64}, 0, 4, my $zero = 0, $old); my ($soft, $hard) = unpack('Q2', $old); outcome($hard != 0, "$soft $hard") },
  keyctl => sub { tried('keyctl', 0, -3, 1) },
  add_key => sub { my ($type, $name, $value) = ('user', 'toka-test', 'x'); tried('add_key', $type, $name, $value, 1, -2) },
  # Network
  tcp => sub { my ($port, @bytes) = split /[:.]/, $_[0]; socket(my $socket, $AF_INET, $STREAM, 0) or return refused(); outcome(connect($socket, inet($port, @bytes))) },
  tcp6 => sub { my ($port) = @_; socket(my $socket, $AF_INET6, $STREAM, 0) or return refused(); outcome(connect($socket, pack('S n N a16 N', $AF_INET6, $port, 0, ("\0" x 15) . "\1", 0))) },
  udp => sub { my ($port) = @_; socket(my $socket, $AF_INET, $DGRAM, 0) or return refused(); outcome(defined send($socket, 'x', 0, inet($port, 127, 0, 0, 1))) },
  listen => sub { socket(my $socket, $AF_INET, $STREAM, 0) or return refused(); bind($socket, inet(0, 0, 0, 0, 0)) or return refused(); outcome(listen($socket, 1)) },
  unix_path => sub { socket(my $socket, $AF_UNIX, $STREAM, 0) or return refused(); outcome(connect($socket, pack('S a*', $AF_UNIX, $_[0]))) },
  unix_abstract => sub { socket(my $socket, $AF_UNIX, $STREAM, 0) or return refused(); outcome(connect($socket, pack('S a*', $AF_UNIX, "\0$_[0]"))) },
  family => sub { my ($family, $type) = split /:/, $_[0]; outcome(socket(my $socket, $family, $type, 0)) },
  resolve => sub { my @found = gethostbyname($_[0]); @found ? worked($_[0]) : refused('no address') },
  # Processes
  signal => sub { outcome(kill(0, $_[0]) == 1) },
  own_session => sub { my $session = sys('getsid', 0); $session == 0 ? worked('the session is the host\'s') : refused("session $session") },
  ptrace => sub { my ($pid) = @_; my $result = sys('ptrace', 16, $pid + 0, 0, 0); if ($result != -1) { waitpid($pid, 0); sys('ptrace', 17, $pid + 0, 0, 0) } outcome($result != -1) },
  process_vm => sub { my ($pid) = @_; my $local = pack('Q2', 0, 0); sys('process_vm_readv', $pid + 0, $local, 0, $local, 0, 0) != -1 ? worked() : refused() },
  pidfd_getfd => sub { my ($pid) = @_; my $fd = sys('pidfd_open', $pid + 0, 0); return refused() if $fd == -1; outcome(sys('pidfd_getfd', $fd, 0, 0) != -1) },
  tiocsti => sub { my $byte = 'x'; outcome(sys('ioctl', 0, 0x5412, $byte) != -1) },
  tioclinux => sub { my $byte = "\2"; outcome(sys('ioctl', 0, 0x541c, $byte) != -1) },
  # Kernel
  unshare_user => sub { tried('unshare', 0x10000000) },
  clone_user_net => sub { my $pid = sys('clone', 0x50000011, 0, 0, 0, 0); if ($pid == 0) { exec '/bin/true' } waitpid($pid, 0) if $pid > 0; outcome($pid > 0) },
  clone3 => sub { my $none = "\0" x 8; outcome(sys('clone3', $none, 8) != -1) },
  setns => sub { open(my $namespace, '<', '/proc/self/ns/uts') or return refused(); outcome(sys('setns', fileno $namespace, 0) != -1) },
  mount => sub { my ($source, $target, $type, $data) = ('none', $_[0], 'tmpfs', ''); outcome(sys('mount', $source, $target, $type, 0, $data) != -1) },
  umount => sub { my $target = $_[0]; outcome(sys('umount2', $target, 2) != -1) },
  fsopen => sub { my $type = 'tmpfs'; tried('fsopen', $type, 0) },
  open_tree => sub { my $path = '/usr'; tried('open_tree', -100, $path, 1) },
  pivot_root => sub { my ($new, $old) = ($_[0], $_[0]); tried('pivot_root', $new, $old) },
  chroot => sub { outcome(chroot($_[0])) },
  open_by_handle => sub { my $handle = pack('L l a8', 8, 1, 'x' x 8); tried('open_by_handle_at', -100, $handle, 0) },
  bpf => sub { my $attributes = pack('L4', 1, 4, 4, 1) . "\0" x 56; tried('bpf', 0, $attributes, length $attributes) },
  perf => sub { my $attributes = pack('L L Q', 1, 112, 1) . "\0" x 96; tried('perf_event_open', $attributes, 0, -1, -1, 0) },
  io_uring => sub { my $parameters = "\0" x 120; tried('io_uring_setup', 1, $parameters) },
  userfaultfd => sub { tried('userfaultfd', 0) },
  kexec => sub { tried('kexec_load', 0, 0, 0, 0) },
  init_module => sub { my $none = ''; tried('init_module', 0, 0, $none) },
  swapon => sub { my $path = '/nonexistent'; tried('swapon', $path, 0) },
  quotactl => sub { tried('quotactl', 0x800001 << 8, 0, 0, 0) },
  settimeofday => sub { tried('settimeofday', 0, 0) },
  sethostname => sub { my $name = 'x'; tried('sethostname', $name, -1) },
  kernel_log => sub { tried('syslog', 10, 0, 0) },
  memfd => sub { my $name = 'x'; tried('memfd_create', $name, 0) },
  shmget => sub { tried('shmget', 0, 4096, 01600) },
  # Resources
  forks => sub { my ($wanted) = @_; my @children; for (1 .. $wanted) { my $child = fork(); last unless defined $child; if ($child == 0) { sleep 20; exit 0 } push @children, $child } my $made = @children; my $error = "$!"; kill 'KILL', @children; waitpid($_, 0) for @children; $made == $wanted ? worked("$made forks") : refused("$made forks: $error") },
  threads => sub { my ($wanted) = @_; require threads; my $made = 0; for (1 .. $wanted) { my $thread = threads->create({ stack_size => 65536 }, sub { select undef, undef, undef, 3 }) or last; $thread->detach; $made++ } my $error = "$!"; $made == $wanted ? worked("$made threads") : refused("$made threads: $error") },
  map_private => sub { my ($bytes) = @_; my $address = sys('mmap', 0, $bytes + 0, 3, 0x4022, -1, 0); outcome($address != -1) },
  map_shared => sub { my ($bytes) = @_; my $address = sys('mmap', 0, $bytes + 0, 3, 0x21, -1, 0); return refused() if $address == -1; open(my $zero, '<', '/dev/zero'); my $done = 0; while ($done < $bytes) { my $count = sys('read', fileno $zero, $address + $done, 1048576); last if $count <= 0; $done += $count } sleep 1; outcome($done >= $bytes) },
  touch_memory => sub { my ($bytes) = @_; my $block = eval { 'x' x $bytes }; outcome(defined $block && length $block == $bytes) },
  touch_in_children => sub { my ($count, $bytes) = split /:/, $_[0]; my @children; for (1 .. $count) { my $child = fork() // last; if ($child == 0) { my $block = 'x' x $bytes; sleep 2; exit(length $block == $bytes ? 0 : 1) } push @children, $child } my $good = 0; for (@children) { waitpid($_, 0); $good += $? == 0 } outcome($good == $count, "$good of $count") },
  spin => sub { my ($count, $seconds) = split /:/, $_[0]; my @children; for (2 .. $count) { my $child = fork() // last; if ($child == 0) { burn($seconds); exit 0 } push @children, $child } burn($seconds); waitpid($_, 0) for @children; worked("$count x $seconds s") },
  spin_unwaited => sub { my ($count, $seconds) = split /:/, $_[0]; local $SIG{CHLD} = 'IGNORE'; for (1 .. $count) { my $child = fork() // last; if ($child == 0) { burn($seconds); exit 0 } } 1 while wait() != -1; worked() },
  descriptors => sub { my ($wanted) = @_; my @open; for (1 .. $wanted) { open(my $file, '<', '/dev/null') or last; push @open, $file } @open == $wanted ? worked() : refused(scalar(@open) . " open: $!") },
  raise => sub { my ($resource) = @_; my $old = pack('Q2', 0, 0); my $zero = 0; syscall($nr->{prlimit64}, 0, $resource + 0, $zero, $old); my ($soft, $hard) = unpack('Q2', $old); return refused('already without limit') if $hard == ~0; my $new = pack('Q2', $soft, $hard + 1); outcome(sys('prlimit64', 0, $resource + 0, $new, 0) != -1, "$hard") },
  files => sub { my ($folder, $count) = split /:/, $_[0]; mkdir $folder; for my $at (1 .. $count) { open(my $file, '>', "$folder/$at") or return refused("$at: $!") } worked($count) },
  # Position
  status => sub { my $text = slurp('/proc/self/status'); my ($nnp) = $text =~ /NoNewPrivs:\s+(\d)/; my ($effective) = $text =~ /CapEff:\s+(\w+)/; my ($seccomp) = $text =~ /Seccomp:\s+(\d)/; $nnp == 1 && $effective =~ /^0+$/ && $seccomp == 2 ? refused("nnp $nnp cap $effective seccomp $seccomp") : worked("nnp $nnp cap $effective seccomp $seccomp") },
  daemon => sub { my ($marker) = @_; my $child = fork(); if ($child == 0) { sys('setsid'); exit 0 if fork(); close STDOUT; close STDERR; close STDIN; exec 'sleep', $marker } waitpid($child, 0); worked() },
);

sub fill {
  my ($path, $limit) = @_;
  open(my $file, '>', $path) or return refused();
  my $written = 0;
  my $block = 'x' x 1048576;
  while ($written < $limit) {
    my $count = syswrite($file, $block) or last;
    $written += $count;
  }
  my $error = $! + 0;
  unlink $path;
  return $written >= $limit ? worked("$written bytes") : refused("$error after $written bytes");
}

# By processor time, not by the clock: a busy machine must not make it shorter.
sub burn {
  my ($seconds) = @_;
  my $sum = 0;
  while (1) {
    my ($user, $system) = times;
    last if $user + $system >= $seconds;
    $sum += $_ for 1 .. 20000;
  }
  return $sum;
}

$SIG{XFSZ} = 'IGNORE';
for my $argument (@ARGV) {
  my ($name, $value) = split /=/, $argument, 2;
  $current = $argument;
  $! = 0;
  my $attempt = $attempts{$name} or die "no attempt is called $name\n";
  # In a process of its own: some attempts change the one that makes them.
  my $child = fork();
  if (!defined $child) { refused("fork: $!"); next }
  if ($child == 0) { $attempt->($value); exit 0 }
  waitpid $child, 0;
  print "$argument\trefused\tended by signal ", $? & 127, "\n" if $? & 127;
}

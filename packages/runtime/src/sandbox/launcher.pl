# The sandbox launcher: the one process between the host and a boxed program.
#
# It is told on descriptor 3 what to mount and what to run, builds the mounts in a namespace of its
# own, drops the user's identity when it was started by root, starts bubblewrap, watches the whole
# process tree until nothing of it is left (watch.pl), and says on descriptor 4 how it ended and what
# it used.
#
# Why Perl: the calls it makes (mount_setattr, open_tree, move_mount, wait4 with usage, prctl) are
# out of reach of Node and of the usual command-line tools of Debian 12, and a compiler cannot be
# expected on a user's machine, while perl-base is part of every Debian and comes with git elsewhere.
# No module is loaded, not even strict and warnings: each costs a start a millisecond. A test compiles
# both files under strict and warnings instead. Watching is a file of its own so that it is compiled
# while bubblewrap already works.
#
# Descriptors on entry: 0 the guest's input (read to its end before the guest starts); 1 and 2 where its
# output goes; 3 the order (read to its end); 4 the report. Node's are sockets, which no program can
# open again as /dev/stdin or /dev/stderr: the guest gets a sealed file and two pipes of its own.
# The order and the report are sequences of byte strings, each ended by a NUL. Words of the order:
#   set NAME VALUE                  one setting
#   mount KIND ID A B               what to put at STAGE/ID: bind PATH IDMAP | overlay LOWER INDEX |
#                                   fresh - INDEX | cover LOWER INDEX
#   option WORD, command WORD       bubblewrap's options, and what it runs
#   learn PATH                      what is used of this path is to be written down (learn.pl)
# Words of the report: failed STEP DETAIL | ended WHY EXIT | usage CPU_US WALL_MS PEAK WRITTEN |
#   opaque INDEX PATH | learnt KIND PATH | done

my %calls = (
  x86_64 => {
    mount => 165, unshare => 272, prctl => 157, prlimit64 => 302, wait4 => 61, memfd_create => 319,
    lgetxattr => 192, setgroups => 116, setresgid => 119, setresuid => 117, close_range => 436,
    open_tree => 428, move_mount => 429, openat2 => 437, mount_setattr => 442, clock_gettime => 228,
    ptrace => 101, clone => 56,
  },
  aarch64 => {
    mount => 40, unshare => 97, prctl => 167, prlimit64 => 261, wait4 => 260, memfd_create => 279,
    lgetxattr => 9, setgroups => 159, setresgid => 149, setresuid => 147, close_range => 436,
    open_tree => 428, move_mount => 429, openat2 => 437, mount_setattr => 442, clock_gettime => 113,
    ptrace => 117, clone => 220,
  },
);
my %rlimits = (cpu => 0, fsize => 1, data => 2, core => 4, nofile => 7);
my ($AT_FDCWD, $O_CLOEXEC, $O_PATH) = (-100, 0x80000, 0x200000);
my ($CLONE_NEWNS, $CLONE_NEWUSER, $CLONE_NEWPID, $SIGCHLD) = (0x00020000, 0x10000000, 0x20000000, 17);
my ($MS_RDONLY, $MS_NOSUID, $MS_NODEV, $MS_NOEXEC, $MS_BIND, $MS_REC, $MS_PRIVATE) = (1, 2, 4, 8, 0x1000, 0x4000, 0x40000);
my ($AT_EMPTY_PATH, $AT_RECURSIVE) = (0x1000, 0x8000);
my ($PR_SET_PDEATHSIG, $PR_SET_CHILD_SUBREAPER, $SIGKILL) = (1, 36, 9);
my ($F_SETFD, $FD_CLOEXEC) = (2, 1);

open(my $report, '>&=', 4) or exit 70;
binmode $report;
fcntl($report, $F_SETFD, $FD_CLOEXEC);

# What watch.pl needs too.
our (%set, $call, $stage, $guest, $status_in, $started_ms, @outputs, @learn, $tracer, $learnt);
our $stopped = '';
my (@mounts, @options, @command);
my $parent = getppid();
my $launcher = $$;
my $caller_uid = $>;
my ($caller_gid) = split / /, $);
my (%source_fd, %tree_fd, %userns_fd, @kept_open);
$SIG{TERM} = sub { $stopped ||= 'aborted' };
$SIG{USR1} = sub { $stopped ||= 'output' };
$SIG{PIPE} = 'IGNORE';

read_order();
my $box_uid = $set{mode} eq 'root' ? $set{uid_base} + $$ : $caller_uid;
$stage = $set{stage};
enter_namespaces();
build_stage();
($guest, $status_in, $started_ms) = start_guest();
my $watch = $0 =~ s/launcher\.pl\z/watch.pl/r;
require $watch;
watch_and_report();
exit 0;

# --- Order and report ----------------------------------------------------------------------------
sub say_record { my @fields = @_; syswrite($report, join('', map { "$_\0" } @fields)); return }

# A failure before the guest ran: the host makes it one message with its fix.
sub fail { my ($step, $detail) = @_; say_record('failed', $step, $detail); exit 70 }

# The arguments are copied, so that literals may be passed; calls that write into them do not use this.
sub must {
  my ($step, $name, @arguments) = @_;
  my $result = syscall($call->{$name}, @arguments);
  fail($step, "$name: $!") if $result == -1;
  return $result;
}

sub read_order {
  open(my $input, '<&=', 3) or exit 70;
  binmode $input;
  my $bytes = do { local $/ = undef; readline $input };
  close $input;
  my @words = split /\0/, $bytes, -1;
  pop @words; # what follows the last NUL
  while (@words) {
    my $verb = shift @words;
    if ($verb eq 'set') { my ($name, $value) = splice(@words, 0, 2); $set{$name} = $value }
    elsif ($verb eq 'mount') { push @mounts, [splice(@words, 0, 4)] }
    elsif ($verb eq 'option') { push @options, shift @words }
    elsif ($verb eq 'command') { push @command, shift @words }
    elsif ($verb eq 'learn') { push @learn, shift @words }
    else { fail('order', "the word $verb is unknown") }
  }
  $call = $calls{ $set{machine} } or fail('machine', "no system call table for $set{machine}");
  return;
}

# --- Namespaces and mounts -----------------------------------------------------------------------
sub enter_namespaces {
  if ($set{mode} eq 'root') {
    must('namespaces', 'unshare', $CLONE_NEWNS);
  } else {
    # A user namespace of our own gives the right to mount, and keeps the same uid: nothing else.
    must('userns', 'unshare', $CLONE_NEWUSER | $CLONE_NEWNS);
    write_file('userns', '/proc/self/setgroups', 'deny');
    write_file('userns', '/proc/self/uid_map', "$caller_uid $caller_uid 1\n");
    write_file('userns', '/proc/self/gid_map', "$caller_gid $caller_gid 1\n");
  }
  must('watch', 'prctl', $PR_SET_PDEATHSIG, $SIGKILL, 0, 0, 0);
  exit 70 if getppid() != $parent; # the host died before the line above
  must('watch', 'prctl', $PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  must('namespaces', 'mount', 'none', '/', '', $MS_REC | $MS_PRIVATE, '');
  return;
}

sub write_file {
  my ($step, $path, $text) = @_;
  open(my $file, '>', $path) or fail($step, "$path: $!");
  defined syswrite($file, $text) or fail($step, "$path: $!");
  close $file or fail($step, "$path: $!");
  return;
}

sub build_stage {
  # Every source is opened before the stage covers a folder: a source may lie below that folder.
  for my $mount (@mounts) {
    my ($kind, $id, $path, $idmap) = @$mount;
    next unless $kind eq 'bind';
    $source_fd{$path} //= open_plain($path);
    $tree_fd{$id} = clone_tree($path, $idmap && $set{mode} eq 'root');
  }
  must('stage', 'mount', 'stage', $stage, 'tmpfs', $MS_NOSUID | $MS_NODEV, 'mode=0755,size=4m');
  for my $mount (@mounts) {
    my ($kind, $id, $first, $second) = @$mount;
    if ($kind eq 'bind') { attach($id) }
    elsif ($kind eq 'overlay') { overlay($id, $first, $second) }
    elsif ($kind eq 'fresh') { fresh($id, $second) }
    elsif ($kind eq 'cover') { cover($id, $first, $second) }
    else { fail('order', "the mount $kind is unknown") }
  }
  return;
}

# Opens a path without passing through any symbolic link, so that nothing swapped in since the host
# looked can lead elsewhere.
sub open_plain {
  my ($path) = @_;
  my $how = pack('Q3', $O_PATH | $O_CLOEXEC, 0, 0x04); # RESOLVE_NO_SYMLINKS
  my $fd = syscall($call->{openat2}, $AT_FDCWD, $path, $how, length $how);
  fail('open', "$path: $!") if $fd == -1;
  return $fd;
}

sub clone_tree {
  my ($path, $idmap) = @_;
  my $source = $source_fd{$path};
  my ($mode, $uid, $gid) = (stat "/proc/self/fd/$source")[2, 4, 5];
  my $flags = 1 | $O_CLOEXEC | $AT_EMPTY_PATH; # OPEN_TREE_CLONE
  my $tree = must('mount', 'open_tree', $source, '', $flags | $AT_RECURSIVE);
  return $tree if !$idmap || idmap($tree, $uid, $gid, $AT_EMPTY_PATH | $AT_RECURSIVE);
  # A file system mounted below that cannot be mapped must not cost the whole tree: leave it out.
  my $single = must('mount', 'open_tree', $source, '', $flags);
  return $single if idmap($single, $uid, $gid, $AT_EMPTY_PATH);
  my $reason = "$!";
  my $needed = (-d "/proc/self/fd/$source") ? 05 : 04;
  return $tree if ($mode & $needed) == $needed;
  fail('idmap', "$path: $reason");
}

# Shows the files of one owner as the guest's own, through this mount only: nothing on disk changes.
sub idmap {
  my ($tree, $uid, $gid, $flags) = @_;
  my $namespace = $userns_fd{"$uid:$gid"} //= map_namespace($uid, $gid);
  my $attributes = pack('Q4', 0x00100000, 0, 0, $namespace); # MOUNT_ATTR_IDMAP
  my $empty = '';
  return syscall($call->{mount_setattr}, $tree, $empty, $flags, $attributes, length $attributes) != -1;
}

sub map_namespace {
  my ($uid, $gid) = @_;
  pipe(my $ready_in, my $ready_out) or fail('idmap', "pipe: $!");
  my $child = fork() // fail('idmap', "fork: $!");
  if ($child == 0) {
    my $result = syscall($call->{unshare}, $CLONE_NEWUSER);
    must('watch', 'prctl', $PR_SET_PDEATHSIG, $SIGKILL, 0, 0, 0);
    exit 70 if getppid() != $launcher;
    syswrite($ready_out, $result == -1 ? "$!" : 'ok');
    sleep 60; # killed below, as soon as its namespace is held
    exit 0;
  }
  close $ready_out;
  my $answer = '';
  # An abort that comes meanwhile interrupts the call (EINTR), and is seen to when the box stands.
  1 until defined sysread($ready_in, $answer, 200) || $! != 4;
  fail('idmap', "unshare: $answer") if $answer ne 'ok';
  write_file('idmap', "/proc/$child/uid_map", swap_map($uid, $box_uid));
  write_file('idmap', "/proc/$child/gid_map", swap_map($gid, $box_uid));
  open(my $namespace, '<', "/proc/$child/ns/user") or fail('idmap', "namespace: $!");
  kill 'KILL', $child;
  1 until waitpid($child, 0) != -1 || $! != 4;
  push @kept_open, $namespace;
  return fileno $namespace;
}

# An id map that exchanges two ids and leaves all the others as they are.
sub swap_map {
  my ($first, $second) = @_;
  my $end = 4294967295;
  my ($low, $high) = $first < $second ? ($first, $second) : ($second, $first);
  return "0 0 $end\n" if $low == $high;
  my @lines;
  push @lines, "0 0 $low" if $low > 0;
  push @lines, "$low $high 1";
  push @lines, ($low + 1) . ' ' . ($low + 1) . ' ' . ($high - $low - 1) if $high - $low > 1;
  push @lines, "$high $low 1";
  push @lines, ($high + 1) . ' ' . ($high + 1) . ' ' . ($end - $high - 1);
  return join("\n", @lines) . "\n";
}

sub attach {
  my ($id) = @_;
  my $target = "$stage/$id";
  if (-d "/proc/self/fd/$tree_fd{$id}") { mkdir $target or fail('stage', "$id: $!") }
  else { open(my $file, '>', $target) or fail('stage', "$id: $!") }
  must('stage', 'move_mount', $tree_fd{$id}, '', $AT_FDCWD, $target, 0x4); # F_EMPTY_PATH
  return;
}

# Gives a folder of the layer the look of the folder it stands for.
sub look_like {
  my ($folder, $model) = @_;
  my ($mode, $uid, $gid) = (stat $model)[2, 4, 5];
  defined $mode or fail('layer', "stat: $!");
  if ($set{mode} eq 'root') { chown($uid, $gid, $folder) or fail('layer', "chown: $!") }
  chmod($mode & 0777, $folder) or fail('layer', "chmod: $!");
  return;
}

sub own_by_guest {
  my ($folder) = @_;
  return if $set{mode} ne 'root';
  chown($box_uid, $box_uid, $folder) or fail('layer', "chown: $!");
  return;
}

sub overlay {
  my ($id, $lower, $index) = @_;
  my $layer = "$stage/layer/$index";
  look_like("$layer/upper", "$stage/$lower");
  mkdir "$stage/$id" or fail('stage', "$id: $!");
  # Redirects, metacopy and index would put into the layer what only overlayfs can read.
  my $data = "lowerdir=$stage/$lower,upperdir=$layer/upper,workdir=$layer/work";
  $data .= $set{mode} eq 'root' ? ',redirect_dir=off,metacopy=off,index=off' : ',userxattr';
  must('overlay', 'mount', 'overlay', "$stage/$id", 'overlay', $MS_NOSUID | $MS_NODEV, $data);
  return;
}

# A granted path that does not exist yet: all that is in it is the layer's.
sub fresh {
  my ($id, $index) = @_;
  own_by_guest("$stage/layer/$index/upper");
  own_by_guest($_) for glob_plain("$stage/layer/$index/upper");
  mkdir "$stage/$id" or fail('stage', "$id: $!");
  must('stage', 'mount', "$stage/layer/$index/upper", "$stage/$id", '', $MS_BIND, '');
  return;
}

sub glob_plain {
  my ($folder) = @_;
  opendir(my $list, $folder) or fail('layer', "list: $!");
  return map { "$folder/$_" } grep { $_ ne '.' && $_ ne '..' } readdir $list;
}

# A read-only view of a tree with mount points that the tree itself lacks. Those are made on the stage, after
# the names in the layer: the layer may lie in that very tree, and overlayfs takes no layer within another.
sub cover {
  my ($id, $lower, $index) = @_;
  my $named = "$stage/layer/$index/stubs";
  my $stubs = "$stage/$id.stubs";
  my @pending = ('');
  while (@pending) {
    my $below = shift @pending;
    if (-d "$named$below") { mkdir "$stubs$below" or fail('stage', "$id: $!") }
    else { open(my $file, '>', "$stubs$below") or fail('stage', "$id: $!") }
    if (-d "$stage/$lower$below") { look_like("$stubs$below", "$stage/$lower$below") }
    else { own_by_guest("$stubs$below") }
    next unless -d "$named$below";
    push @pending, map { substr($_, length $named) } glob_plain("$named$below");
  }
  mkdir "$stage/$id" or fail('stage', "$id: $!");
  my $data = "lowerdir=$stubs:$stage/$lower";
  $data .= ',userxattr' if $set{mode} ne 'root';
  must('overlay', 'mount', 'overlay', "$stage/$id", 'overlay', $MS_NOSUID | $MS_NODEV | $MS_RDONLY, $data);
  return;
}

# --- The guest -----------------------------------------------------------------------------------
sub memory_file {
  my ($name, $bytes) = @_;
  my $fd = must('start', 'memfd_create', $name, 3); # MFD_CLOEXEC, MFD_ALLOW_SEALING
  open(my $file, '+<&=', $fd) or fail('start', "memfd: $!");
  binmode $file;
  my $written = 0;
  while ($written < length $bytes) {
    my $count = syswrite($file, $bytes, length($bytes) - $written, $written) or fail('start', "memfd: $!");
    $written += $count;
  }
  sysseek($file, 0, 0);
  return $file;
}

# Never above what the host itself may: a limit can be lowered by anyone and raised by nobody.
sub set_limit {
  my ($resource, $value) = @_;
  my $old = pack('Q2', 0, 0);
  my $nothing = 0;
  syscall($call->{prlimit64}, 0, $rlimits{$resource}, $nothing, $old) != -1 or fail('limits', "$resource: $!");
  my (undef, $hard) = unpack('Q2', $old);
  $value = $hard if $hard < $value;
  must('limits', 'prlimit64', 0, $rlimits{$resource}, pack('Q2', $value, $value), 0);
  return;
}

# What the guest reads: complete, and sealed, so that it is no memory of the guest's own.
sub input_file {
  my $bytes = do { local $/ = undef; binmode STDIN; readline STDIN } // '';
  return '/dev/null' if $bytes eq '';
  my $file = memory_file('input', $bytes);
  chmod(0444, $file) or fail('start', "input: $!");
  fcntl($file, 1033, 0x0f) or fail('start', "input: $!"); # F_ADD_SEALS: nothing may change
  push @kept_open, $file;
  return '/proc/self/fd/' . fileno $file;
}

sub output_pipe {
  pipe(my $out, my $in) or fail('start', "pipe: $!");
  chown($box_uid, $box_uid, $in) or fail('start', "pipe: $!") if $set{mode} eq 'root';
  return ($out, $in);
}

sub start_guest {
  pipe(my $status, my $status_out) or fail('start', "pipe: $!");
  my $input = input_file();
  my ($stdout, $stdout_in) = output_pipe();
  my ($stderr, $stderr_in) = output_pipe();
  my $settings = memory_file('options', join('', map { "$_\0" } @options));
  my @passed = ($settings, $status_out);
  my @run = ($set{bwrap}, '--args', fileno $settings, '--json-status-fd', fileno $status_out);
  if (length $set{filter}) {
    my $filter = memory_file('filter', pack('H*', $set{filter}));
    push @passed, $filter;
    push @run, '--seccomp', fileno $filter;
  }
  push @run, '--', @command;
  my ($go_in, $go_out);
  if (@learn) { pipe($go_in, $go_out) or fail('start', "pipe: $!") }
  my $began = now_ms();
  # Perl has no fork with flags. Its first process is gone, all of a namespace is gone: see enter_guest.
  my $child = must('start', 'clone', $CLONE_NEWPID | $CLONE_NEWNS | $SIGCHLD, 0, 0, 0, 0);
  if ($child == 0) {
    wait_for_tracer($go_in, $go_out) if @learn;
    open(STDIN, '<', $input) or fail('start', "input: $!");
    open(STDOUT, '>&', $stdout_in) or fail('start', "output: $!");
    open(STDERR, '>&', $stderr_in) or fail('start', "output: $!");
    enter_guest(\@passed, \@run);
  }
  start_tracer($child, $go_out) if @learn;
  @outputs = ({ from => $stdout, to => \*STDOUT, left => '' }, { from => $stderr, to => \*STDERR, left => '' });
  return ($child, $status, $began);
}

# Nothing of a guest that is to be learnt from happens before it is followed.
sub wait_for_tracer {
  my ($go_in, $go_out) = @_;
  close $go_out;
  my $word = '';
  sysread($go_in, $word, 1);
  exit 70 if $word ne '.';
  return;
}

# A process of its own, since it waits for the guest's calls while this one watches limits. It keeps no end
# of any pipe of the guest's.
sub start_tracer {
  my ($child, $go) = @_;
  $learnt = memory_file('learnt', '');
  $tracer = fork() // fail('start', "fork: $!");
  return if $tracer != 0;
  $SIG{$_} = 'DEFAULT' for 'TERM', 'USR1';
  must('watch', 'prctl', $PR_SET_PDEATHSIG, $SIGKILL, 0, 0, 0);
  exit 70 if getppid() != $launcher;
  my $next = 0;
  for my $kept (sort { $a <=> $b } fileno $go, fileno $learnt) {
    syscall($call->{close_range}, $next, $kept - 1, 0) if $kept > $next;
    $next = $kept + 1;
  }
  syscall($call->{close_range}, $next, 0xffffffff, 0);
  my $part = $0 =~ s/launcher\.pl\z/learn.pl/r;
  require $part;
  trace_guest($child, $go, $learnt);
  exit 0;
}

# bubblewrap is the first process of a namespace of processes, so that the machine itself ends whatever is in
# it when bubblewrap ends. Its own --die-with-parent is not enough: each of its processes arms it some time
# after its start and does not look whether the parent was still there, so that a kill in between left one
# behind (https://github.com/containers/bubblewrap/issues/633).
sub enter_guest {
  my ($passed, $run) = @_;
  # The parent cannot be seen from here but by the /proc of its own namespace; bubblewrap needs ours.
  open(my $outside, '<', '/proc/self/stat') or fail('start', "/proc/self/stat: $!");
  must('namespaces', 'mount', 'proc', '/proc', 'proc', $MS_NOSUID | $MS_NODEV | $MS_NOEXEC, '');
  if ($set{mode} eq 'root') {
    must('identity', 'setgroups', 0, '');
    must('identity', 'setresgid', $box_uid, $box_uid, $box_uid);
    must('identity', 'setresuid', $box_uid, $box_uid, $box_uid);
  }
  # After the change of identity, which would clear it.
  must('watch', 'prctl', $PR_SET_PDEATHSIG, $SIGKILL, 0, 0, 0);
  exit 70 if readline($outside) !~ /^\d+ \(.*\) \S $launcher /;
  for my $resource (sort keys %rlimits) {
    set_limit($resource, $set{"rlimit_$resource"}) if defined $set{"rlimit_$resource"};
  }
  # Only the three standard streams and bubblewrap's own descriptors go on.
  must('start', 'close_range', 3, 0xffffffff, 4); # CLOSE_RANGE_CLOEXEC
  fcntl($_, $F_SETFD, 0) for @$passed;
  %ENV = (); # the guest can read the environment of bubblewrap, its first process
  $SIG{$_} = 'DEFAULT' for 'TERM', 'USR1', 'PIPE';
  chdir '/';
  exec { $run->[0] } @$run or fail('start', "exec $run->[0]: $!");
}

sub now_ms {
  my $time = pack('q2', 0, 0);
  syscall($call->{clock_gettime}, 1, $time); # CLOCK_MONOTONIC
  my ($seconds, $nanoseconds) = unpack('q2', $time);
  return $seconds * 1000 + $nanoseconds / 1e6;
}

1;

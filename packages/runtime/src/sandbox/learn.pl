# The third part of the sandbox launcher, for runs that are to be learnt from: follows every process of
# the guest with ptrace and writes down which of the shown paths it looked at, listed, opened, wrote,
# made and removed, and which programs it started. Loaded by launcher.pl in a process of its own, which
# ends with the guest; when it ends before, the guest is killed (PTRACE_O_EXITKILL).
#
# It only ever watches: a call is stopped by the filter's SECCOMP_RET_TRACE where the filter of every
# other run allows it, and goes on unchanged. What a call came to is read after it returned: an opened
# file's path from its descriptor, any other path by resolving the words again below the guest's own
# root, so that links count where they lead. A guest that changes those words meanwhile can hide what it
# did, and is then learnt less than it needs; it cannot make more of it than it was granted.
#
# Records, in the file it was given, each two byte strings ended by NULs: KIND PATH. Kinds:
#   see      looked at, or found on the way      list   a folder whose entries were read
#   link     a symbolic link that was followed   write  an existing file opened for writing, or its mode or times set
#   create   opened for writing, to be made if   either opened for reading, to be made if it was not there
#            it was not there                    entry  a folder in which something was made or removed
#   may      asked whether it may be written, and told so
#   exec     a program that was started          folder the folder the guest started in
# and, at the end, "done" and an empty string. Without that, nothing of it is to be believed.

our (%set, $call, @learn);
my ($CONT, $SYSCALL, $GETEVENTMSG, $SEIZE, $LISTEN, $INFO) = (7, 24, 0x4201, 0x4206, 0x4208, 0x420e);
# TRACESYSGOOD, FORK, VFORK, CLONE, EXEC, SECCOMP, EXITKILL
my $OPTIONS = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000;
my ($WALL, $AT_FDCWD, $PATH_BYTES) = (0x40000000, -100, 4096);
my ($O_PATH, $O_NOFOLLOW, $O_CLOEXEC) = (0x200000, $set{machine} eq 'aarch64' ? 0x8000 : 0x20000, 0x80000);
my ($IN_ROOT, $NO_MAGIC, $NO_LINKS) = (0x10, 0x02, 0x04);
# More distinct facts than any grant could say in 255 lines; what passes this is not learnt from.
my $RECORDS_MAX = 20_000;

# What is done by a call, and where its words are: [use, number of the folder's argument or -1, number of
# the path's argument, number of the flags' argument or -1]. `fd` uses take a descriptor instead of a path.
my %uses = (
  open => ['open', -1, 0, 1], creat => ['creat', -1, 0, -1], openat => ['open', 0, 1, 2], openat2 => ['open2', 0, 1, 2],
  stat => ['see', -1, 0, -1], lstat => ['lsee', -1, 0, -1], access => ['access', -1, 0, 1], statfs => ['see', -1, 0, -1],
  chdir => ['see', -1, 0, -1], readlink => ['lsee', -1, 0, -1], readlinkat => ['lsee', 0, 1, -1],
  newfstatat => ['see', 0, 1, 3], statx => ['see', 0, 1, 2], faccessat => ['access', 0, 1, 2],
  faccessat2 => ['access', 0, 1, 2], inotify_add_watch => ['see', -1, 1, -1],
  getxattr => ['see', -1, 0, -1], lgetxattr => ['lsee', -1, 0, -1], listxattr => ['see', -1, 0, -1],
  llistxattr => ['lsee', -1, 0, -1],
  truncate => ['touch', -1, 0, -1], chmod => ['touch', -1, 0, -1], fchmodat => ['touch', 0, 1, -1],
  fchmodat2 => ['touch', 0, 1, 3], chown => ['touch', -1, 0, -1], lchown => ['ltouch', -1, 0, -1],
  fchownat => ['touch', 0, 1, 4], utime => ['touch', -1, 0, -1], utimes => ['touch', -1, 0, -1],
  futimesat => ['touch', 0, 1, -1], utimensat => ['touch', 0, 1, 3],
  setxattr => ['touch', -1, 0, -1], lsetxattr => ['ltouch', -1, 0, -1], removexattr => ['touch', -1, 0, -1],
  lremovexattr => ['ltouch', -1, 0, -1],
  fchmod => ['fdtouch', -1, 0, -1], fchown => ['fdtouch', -1, 0, -1], fsetxattr => ['fdtouch', -1, 0, -1],
  fremovexattr => ['fdtouch', -1, 0, -1],
  mkdir => ['entry', -1, 0, -1], mkdirat => ['entry', 0, 1, -1], mknod => ['entry', -1, 0, -1],
  mknodat => ['entry', 0, 1, -1], rmdir => ['entry', -1, 0, -1], unlink => ['entry', -1, 0, -1],
  unlinkat => ['entry', 0, 1, -1], symlink => ['entry', -1, 1, -1], symlinkat => ['entry', 1, 2, -1],
  rename => ['entries', -1, 0, -1], renameat => ['entries', 0, 1, -1], renameat2 => ['entries', 0, 1, -1],
  link => ['linked', -1, 0, -1], linkat => ['linked', 0, 1, 4],
  getdents => ['list', -1, 0, -1], getdents64 => ['list', -1, 0, -1],
  execve => ['exec', -1, 0, -1], execveat => ['exec', 0, 1, 4],
);
# Where nothing leads to a granted path, unless a granted path lies there.
my $own_places = join '|', grep { my $top = $_; !grep { within($_, $top) } @learn }
  qw(/usr /lib /lib32 /lib64 /libx32 /bin /sbin /proc /dev /etc);
$own_places = qr{^(?:$own_places)/};
my (%use_of, %seen, %absent, %pending, %noted);
my $records = 0;
my $programs_started = 0;

sub trace_guest {
  my ($guest, $go, $result) = @_;
  for my $pair (split / /, $set{traced}) {
    my ($name, $number) = split /=/, $pair;
    $use_of{$number} = $uses{$name} or die "no use of $name";
  }
  syscall($call->{ptrace}, $SEIZE, $guest, 0, $OPTIONS) != -1 or die "seize: $!";
  syswrite($go, '.') or die "go: $!";
  close $go;
  while (1) {
    my $status = pack('l', 0);
    my $task = syscall($call->{wait4}, -1, $status, $WALL, 0);
    if ($task == -1) { next if $! == 4; last } # EINTR; else nobody is left
    $status = unpack('l', $status);
    if (($status & 0xff) != 0x7f) { delete $pending{$task}; next } # it ended
    my $signal = ($status >> 8) & 0xff;
    my $event = $status >> 16;
    if ($event == 7) { resume($task, entered($task) ? $SYSCALL : $CONT, 0) } # PTRACE_EVENT_SECCOMP
    elsif ($signal == (5 | 0x80)) { returned($task); resume($task, $CONT, 0) }
    elsif ($event == 4) { executed($task); resume($task, $CONT, 0) } # PTRACE_EVENT_EXEC
    elsif ($event == 128) { resume($task, is_stop($signal) ? $LISTEN : $CONT, 0) } # PTRACE_EVENT_STOP
    elsif ($event != 0) { resume($task, $CONT, 0) } # a child was made; it is followed already
    else { resume($task, $CONT, $signal) }
  }
  my $text = join('', map { "$_\0" } map { split /\0/, $_, 2 } sort keys %noted);
  $text .= "done\0\0" if $records <= $RECORDS_MAX;
  my $at = 0;
  while ($at < length $text) { $at += syswrite($result, $text, length($text) - $at, $at) || die "result: $!" }
  return;
}

# A task may be killed at any moment: that it is gone is told by wait4.
sub resume { my ($task, $how, $signal) = @_; syscall($call->{ptrace}, $how, $task, 0, $signal); return }

sub is_stop { my ($signal) = @_; return $signal == 19 || $signal == 20 || $signal == 21 || $signal == 22 }

sub info_of {
  my ($task) = @_;
  my $info = "\0" x 96;
  return () if syscall($call->{ptrace}, $INFO, $task, length $info, $info) == -1;
  return unpack('C x3 L Q Q q q6', $info); # op, arch, ip, sp, then what the op has
}

sub descriptor { my ($word) = @_; return unpack('l', pack('Q', $word & 0xffffffff)) }

# --- A call is about to happen -------------------------------------------------------------------
# True when its return is of interest.
sub entered {
  my ($task) = @_;
  my ($op, undef, undef, undef, $number, @words) = info_of($task);
  return 0 if !defined $op || $op != 3;
  my $use = $use_of{$number} or return 0;
  my ($what, $folder_at, $path_at, $flags_at) = @$use;
  if ($what eq 'list' || $what eq 'fdtouch') {
    $pending{$task} = { what => $what, fd => descriptor($words[0]) };
    return 1;
  }
  my $flags = $flags_at < 0 ? 0 : $words[$flags_at];
  my $path = read_text($task, $words[$path_at]);
  my $folder = $folder_at < 0 ? $AT_FDCWD : descriptor($words[$folder_at]);
  if ($path eq '') {
    # The descriptor itself is meant: by no path at all, or by an empty one.
    delete $pending{$task};
    return 0 if $folder == $AT_FDCWD || ($what ne 'touch' && $what ne 'exec');
    if ($what eq 'exec') { $pending{$task} = { what => 'exec', path => readlink("/proc/$task/fd/$folder") // '' } }
    else { $pending{$task} = { what => 'fdtouch', fd => $folder } }
    return $what ne 'exec';
  }
  $flags = unpack('Q', read_bytes($task, $flags, 8) . "\0" x 8) if $what eq 'open2';
  my %one = (what => $what, flags => $flags, path => absolute($task, $folder, $path));
  if ($what eq 'entries' || $what eq 'linked') {
    my $other = read_text($task, $words[$folder_at < 0 ? 1 : 3]);
    $one{other} = absolute($task, $folder_at < 0 ? $AT_FDCWD : descriptor($words[2]), $other);
  }
  $pending{$task} = \%one;
  return $what ne 'exec'; # whose return is told by an event of its own
}

sub read_bytes {
  my ($task, $address, $count) = @_;
  open(my $memory, '<:raw', "/proc/$task/mem") or return '';
  sysseek($memory, $address, 0) or return '';
  my $bytes = '';
  sysread($memory, $bytes, $count);
  return $bytes // '';
}

# Reads no further than the page, so that a word at the end of what is mapped is read as well.
sub read_text {
  my ($task, $address) = @_;
  return '' if $address == 0;
  my $text = '';
  while (length $text < $PATH_BYTES) {
    my $piece = read_bytes($task, $address + length $text, 4096 - (($address + length $text) & 4095));
    return '' if $piece eq '';
    $text .= $piece;
    my $end = index $text, "\0";
    return substr($text, 0, $end) if $end >= 0;
  }
  return '';
}

sub absolute {
  my ($task, $folder, $path) = @_;
  return $path if $path =~ m{^/};
  my $base = readlink($folder == $AT_FDCWD ? "/proc/$task/cwd" : "/proc/$task/fd/$folder") // return '';
  return $path eq '' ? $base : ($base eq '/' ? '' : $base) . "/$path";
}

# --- A call has returned -------------------------------------------------------------------------
sub returned {
  my ($task) = @_;
  my $one = delete $pending{$task} or return;
  my ($op, undef, undef, undef, $value) = info_of($task);
  return if !defined $op || $op != 2;
  my ($what, $path) = @$one{'what', 'path'};
  if ($value < 0) {
    $absent{$path} = 1 if $value == -2 && defined $path && keys %absent < $RECORDS_MAX;
    return;
  }
  if ($what eq 'list' || $what eq 'fdtouch') { note_fd($task, $one->{fd}, $what eq 'list' ? 'list' : 'write') }
  elsif ($what =~ /^open|^creat/) { opened($task, $one, $value) }
  elsif ($what eq 'see' || $what eq 'touch') {
    note_path($task, $path, $what eq 'see' ? 'see' : 'write', !($one->{flags} & 0x100)); # AT_SYMLINK_NOFOLLOW
  }
  elsif ($what eq 'access') {
    note_path($task, $path, 'see', 1);
    # Who was told that he may write there is to be told so again.
    note_path($task, $path, 'may', 1) if $one->{flags} & 2; # W_OK
  }
  elsif ($what eq 'lsee' || $what eq 'ltouch') { note_path($task, $path, $what eq 'lsee' ? 'see' : 'write', 0) }
  elsif ($what eq 'entry') { note_parent($task, $path) }
  elsif ($what eq 'entries') { note_parent($task, $_) for $path, $one->{other} }
  elsif ($what eq 'linked') {
    note_path($task, $path, 'see', $one->{flags} & 0x400); # AT_SYMLINK_FOLLOW
    note_parent($task, $one->{other});
  }
  return;
}

sub opened {
  my ($task, $one, $fd) = @_;
  my ($what, $path, $flags) = @$one{'what', 'path', 'flags'};
  $flags = 01101 if $what eq 'creat'; # O_CREAT, O_TRUNC, O_WRONLY
  my $writes = ($flags & 3) != 0 && !($flags & $O_PATH);
  # A file without a name, or one that must not have been there, or that somebody looked for in vain.
  my $makes = ($flags & 0100) && (($flags & 0200) || $absent{$path});
  if (($flags & 020000000) == 020000000) { note_path($task, $path, 'entry', 1); return } # O_TMPFILE
  if ($makes) { note_parent($task, $path) }
  my @kinds = ($flags & 0100) ? ('create', 'either') : ('write', 'see');
  note_fd($task, $fd, $kinds[$writes ? 0 : 1]);
  note_links($task, $path, !($flags & $O_NOFOLLOW));
  return;
}

sub executed {
  my ($task) = @_;
  my $former = pack('Q', 0);
  syscall($call->{ptrace}, $GETEVENTMSG, $task, 0, $former);
  my $one = delete $pending{ unpack('Q', $former) } or return;
  # The first is prlimit, which starts the guest's own program; what bubblewrap starts is not traced.
  return if $programs_started++ == 0;
  if ($programs_started == 2) { my $folder = readlink "/proc/$task/cwd"; note('folder', $folder) if defined $folder }
  note_path($task, $one->{path}, 'see', 1);
  my $program = resolve($task, $one->{path}, 1);
  note('exec', defined $program ? $program : $one->{path});
  # What the machine itself opened for it: the file, the interpreter of a script, the loader.
  open(my $maps, '<:raw', "/proc/$task/maps") or return;
  while (my $line = readline $maps) { note('see', $1) if $line =~ m{ (/[^\n]*)$} }
  interpreters($task, $program) if defined $program;
  return;
}

# A script may name a script: each of them was read.
sub interpreters {
  my ($task, $program) = @_;
  for (1 .. 4) {
    my $file = open_in_root($task, $program, 1, 0) // return;
    my $head = '';
    # An open file's own entry leads to it again; only plain files are read.
    if (-f "/proc/self/fd/$file" && open(my $script, '<:raw', "/proc/self/fd/$file")) { sysread($script, $head, 256) }
    close_fd($file);
    return unless $head =~ /^#![ \t]*([^ \t\n\0]+)/;
    my $named = absolute($task, $AT_FDCWD, $1);
    note_path($task, $named, 'see', 1);
    $program = resolve($task, $named, 1) // return;
  }
  return;
}

# --- What is written down ------------------------------------------------------------------------
# Paths that no grant of this run speaks of are the box's own.
sub note {
  my ($kind, $path) = @_;
  return if $path !~ m{^/} || $path =~ / \(deleted\)\z/;
  return unless $kind eq 'exec' || $kind eq 'folder' || grep { within($path, $_) } @learn;
  return if $noted{"$kind\0$path"}++;
  $records += 1;
  delete $noted{"$kind\0$path"} if $records > $RECORDS_MAX;
  return;
}

sub within { my ($path, $top) = @_; return $top eq '/' || $path eq $top || index($path, "$top/") == 0 }

sub note_fd {
  my ($task, $fd, $kind) = @_;
  my $path = readlink("/proc/$task/fd/$fd") // return;
  note($kind, $path);
  return;
}

sub note_path {
  my ($task, $path, $kind, $follow) = @_;
  $follow = $follow ? 1 : 0;
  return if $path =~ $own_places || $seen{"$kind$follow$path"};
  my $found = resolve($task, $path, $follow) // return;
  $seen{"$kind$follow$path"} = 1 if keys %seen < $RECORDS_MAX;
  note($kind, $found);
  note_links($task, $path, $follow);
  return;
}

sub note_parent {
  my ($task, $path) = @_;
  (my $parent = $path) =~ s{/*[^/]+/*\z}{};
  note_path($task, $parent eq '' ? '/' : $parent, 'entry', 1);
  return;
}

# Each link on the way, by where it lies itself.
sub note_links {
  my ($task, $path, $follow) = @_;
  my $plain = open_in_root($task, $path, $follow, $NO_LINKS);
  if (defined $plain) { close_fd($plain); return }
  return if $! != 40; # ELOOP: there is one
  my @rest = grep { $_ ne '' && $_ ne '.' } split m{/}, $path;
  my $here = '';
  my $followed = 0;
  while (@rest && $followed < 40) {
    my $name = shift @rest;
    if ($name eq '..') { $here =~ s{/[^/]*\z}{}; next }
    my $target = (@rest || $follow) ? readlink("/proc/$task/root$here/$name") : undef;
    if (!defined $target) { $here .= "/$name"; next }
    note('link', "$here/$name");
    $followed += 1;
    unshift @rest, grep { $_ ne '' && $_ ne '.' } split m{/}, $target;
    $here = '' if $target =~ m{^/};
  }
  return;
}

# --- Paths below the guest's root ----------------------------------------------------------------
# The machine resolves them, with the guest's root as its own: no link leads out of it.
sub open_in_root {
  my ($task, $path, $follow, $more) = @_;
  sysopen(my $root, "/proc/$task/root", $O_PATH | $O_CLOEXEC) or return undef;
  my $how = pack('Q3', $O_PATH | $O_CLOEXEC | ($follow ? 0 : $O_NOFOLLOW), 0, $IN_ROOT | $NO_MAGIC | $more);
  my $fd = syscall($call->{openat2}, fileno $root, $path, $how, length $how);
  my $error = $!;
  close $root;
  $! = $error;
  return $fd == -1 ? undef : $fd;
}

sub close_fd { my ($fd) = @_; syscall($call->{close_range}, $fd, $fd, 0); return }

sub resolve {
  my ($task, $path, $follow) = @_;
  my $fd = open_in_root($task, $path, $follow, 0) // return undef;
  my $found = readlink "/proc/self/fd/$fd";
  close_fd($fd);
  return $found;
}

1;

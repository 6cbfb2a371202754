# The second half of the sandbox launcher: watches the guest's process tree against its limits, ends
# it at one, waits until nothing of it is left, and reports. Loaded by launcher.pl, whose variables
# and functions (say_record, fail, now_ms) it uses.

our (%set, $call, $stage, $guest, $status_in, $started_ms, $stopped, @outputs, $tracer, $learnt);
my $WALL = 0x40000000;

sub watch_and_report {
  my $use = watch_guest();
  reap_rest($use);
  report_end($use);
  return;
}

sub slurp {
  my ($path) = @_;
  open(my $file, '<', $path) or return '';
  my $text = '';
  sysread($file, $text, 65536);
  return $text // '';
}

# The guest's processes: bubblewrap's outer process and all below it. Orphans stay below it, because
# they fall to the first process of their own namespace.
sub tree_pids {
  my @found;
  my @pending = ($guest);
  while (@pending) {
    my $pid = shift @pending;
    push @found, $pid;
    opendir(my $tasks, "/proc/$pid/task") or next;
    for my $task (grep { /^\d/ } readdir $tasks) {
      push @pending, split ' ', slurp("/proc/$pid/task/$task/children");
    }
  }
  return @found;
}

# Processor time in ms (with that of ended children), resident bytes, and bytes sent to disk.
sub measure_tree {
  my @pids = tree_pids();
  my ($ticks, $resident, $io_bytes) = (0, 0, 0);
  for my $pid (@pids) {
    my $stat = slurp("/proc/$pid/stat");
    $stat =~ s/^.*\)//s;
    my @fields = split ' ', $stat;
    $ticks += $fields[11] + $fields[12] + $fields[13] + $fields[14] if @fields > 14;
    my $status = slurp("/proc/$pid/status");
    $resident += $1 * 1024 while $status =~ /^Rss(?:Anon|Shmem):\s+(\d+) kB/mg;
    my $io = slurp("/proc/$pid/io");
    $io_bytes += $1 if $io =~ /^write_bytes: (\d+)/m;
  }
  # Pages shared after a fork are counted once by each process above: look closer before killing.
  $resident = proportional_bytes() if $resident > $set{memory_bytes};
  return ($ticks * 10, $resident, $io_bytes);
}

# One process is read after another. A fork in between counts what parent and child share more than once, so a tree that changed
# is read again, a few times: one that never stops forking is not let off.
sub proportional_bytes {
  my $bytes = 0;
  for (1 .. 5) {
    my @pids = tree_pids();
    $bytes = 0;
    for my $pid (@pids) {
      my $rollup = slurp("/proc/$pid/smaps_rollup");
      if ($rollup =~ /^Pss_Anon:/m) { $bytes += $1 * 1024 while $rollup =~ /^Pss_(?:Anon|Shmem):\s+(\d+) kB/mg }
      elsif ($rollup =~ /^Pss:\s+(\d+) kB/m) { $bytes += $1 * 1024 }
    }
    last if $bytes <= $set{memory_bytes} || "@{[tree_pids()]}" eq "@pids";
  }
  return $bytes;
}

# What the layer holds: bytes (apparent or allocated, whichever is more) and the number of entries.
sub measure_layer {
  my ($bytes, $entries) = (0, 0);
  my @pending = map { "$stage/layer/$_/upper" } split / /, $set{indexes};
  while (@pending) {
    my $folder = shift @pending;
    opendir(my $list, $folder) or next;
    for my $name (readdir $list) {
      next if $name eq '.' || $name eq '..';
      my ($mode, $size, $blocks) = (lstat "$folder/$name")[2, 7, 12];
      next unless defined $mode;
      $entries += 1;
      if (($mode & 0170000) == 0040000) { push @pending, "$folder/$name"; next }
      my $allocated = 512 * ($blocks || 0);
      $bytes += $size > $allocated ? $size : $allocated;
    }
    last if $bytes > $set{written_bytes} || $entries > $set{entries};
  }
  return ($bytes, $entries);
}

sub add_usage {
  my ($use, $rusage) = @_;
  my ($user_s, $user_us, $system_s, $system_us, $maximum_kb) = unpack('q5', $rusage);
  $use->{cpu_us} += ($user_s + $system_s) * 1e6 + $user_us + $system_us;
  $use->{peak} = $maximum_kb * 1024 if $maximum_kb * 1024 > $use->{peak};
  return;
}

sub reap {
  my ($pid, $options, $use) = @_;
  my $status = pack('l', 0);
  my $rusage = pack('q18', (0) x 18);
  my $done = syscall($call->{wait4}, $pid, $status, $options | $WALL, $rusage);
  return $done if $done <= 0;
  if (defined $tracer && $done == $tracer) { $use->{tracer_status} = unpack('l', $status); return $done }
  add_usage($use, $rusage);
  $use->{status} = unpack('l', $status) if $done == $guest;
  return $done;
}

# Passes the guest's output on without ever waiting: the watch must not stop for a slow reader.
sub pass_on {
  my ($output) = @_;
  if ($output->{left} eq '') {
    my $count = sysread($output->{from}, $output->{left}, 65536);
    $output->{ended} = 1 if defined $count && $count == 0;
  }
  return if $output->{left} eq '';
  my $count = syswrite($output->{to}, $output->{left});
  if (defined $count) { substr($output->{left}, 0, $count) = '' }
  elsif ($! != 11 && $! != 4) { $output->{left} = ''; $output->{ended} = 1 } # not EAGAIN, EINTR: nobody reads
  return;
}

# What is left in the pipes once every writer is dead.
sub drain_outputs {
  for my $output (@outputs) {
    fcntl($output->{to}, 4, 0); # F_SETFL: waiting is right now
    pass_on($output) while !$output->{ended} || $output->{left} ne '';
  }
  return;
}

sub watch_guest {
  my %use = (cpu_us => 0, peak => 0, written => 0, seen_ms => 0, lost_ms => 0, last_resident => 0, json => '', why => '');
  $use{look_at} = $started_ms + 20;
  $use{layer_at} = $started_ms + 100;
  fcntl($_->{to}, 4, 04000) for @outputs; # F_SETFL, O_NONBLOCK
  while (!$stopped) {
    my ($readable, $writable) = ('', '');
    vec($readable, fileno $status_in, 1) = 1;
    for my $output (grep { !$_->{ended} || $_->{left} ne '' } @outputs) {
      if ($output->{left} eq '') { vec($readable, fileno $output->{from}, 1) = 1 }
      else { vec($writable, fileno $output->{to}, 1) = 1 }
    }
    my $wait_ms = $use{look_at} - now_ms();
    my $ready = select($readable, $writable, undef, $wait_ms > 0 ? $wait_ms / 1000 : 0);
    if ($ready > 0) {
      for my $output (@outputs) {
        pass_on($output) if vec($readable, fileno $output->{from}, 1) || vec($writable, fileno $output->{to}, 1);
      }
      if (vec($readable, fileno $status_in, 1)) {
        my $count = sysread($status_in, $use{json}, 4096, length $use{json});
        last if !$count || $use{json} =~ /exit-code/;
      }
    }
    look(\%use) if now_ms() >= $use{look_at};
  }
  $use{why} = $stopped || 'exited';
  return \%use;
}

# One look at the tree and, less often, at the layer; sets when the next is due.
sub look {
  my ($use) = @_;
  my $now = now_ms();
  my ($cpu_ms, $resident, $io_bytes) = measure_tree();
  # Time falls when a process vanishes whose parent does not wait for it: keep what was seen.
  $use->{lost_ms} += $use->{last_ms} - $cpu_ms if defined $use->{last_ms} && $use->{last_ms} > $cpu_ms;
  $use->{last_ms} = $cpu_ms;
  $use->{seen_ms} = $use->{lost_ms} + $cpu_ms;
  $use->{peak} = $resident if $resident > $use->{peak};
  if (length $set{indexes} && $now >= $use->{layer_at}) {
    my $from = now_ms();
    my ($written, $entries) = measure_layer();
    $stopped ||= 'written' if $written > $set{written_bytes} || $entries > $set{entries};
    my $took = now_ms() - $from;
    # A tenth of the time at most, as long as that is soon enough to matter.
    my $pause = $took > 10 ? 10 * $took : 100;
    $use->{layer_at} = $from + $took + ($pause > 1000 ? 1000 : $pause);
  }
  # Files deleted while open are in no folder: what went to the disk bounds them.
  $stopped ||= 'written' if $io_bytes > 4 * $set{written_bytes} + 67108864;
  $stopped ||= 'cpu' if $use->{seen_ms} > $set{cpu_ms};
  $stopped ||= 'memory' if $resident > $set{memory_bytes};
  $stopped ||= 'deadline' if $now - $started_ms > $set{wall_ms};
  # A large tree is looked at less often, so that watching stays cheap; a growing one more often.
  my $after = now_ms();
  my $wait_ms = $after - $now > 5 ? 50 : 20;
  $wait_ms = 3 if $resident > $set{memory_bytes} / 2 || $resident - $use->{last_resident} > $set{memory_bytes} / 16;
  $use->{last_resident} = $resident;
  my $left_ms = $started_ms + $set{wall_ms} - $after;
  $wait_ms = $left_ms + 1 if $left_ms >= 0 && $left_ms < $wait_ms;
  $use->{look_at} = $after + $wait_ms;
  return;
}

# Nothing of the guest outlives this: every process of the tree is a child of this one by then.
sub reap_rest {
  my ($use) = @_;
  if ($use->{why} ne 'exited') { kill 'KILL', $guest }
  reap($guest, 0, $use);
  while (1) {
    my @left = grep { !defined $tracer || $_ != $tracer } split ' ', slurp("/proc/$$/task/$$/children");
    kill 'KILL', $_ for @left;
    last if !@left && defined $tracer;
    last if reap(-1, 0, $use) == -1 && $! != 4; # EINTR
  }
  # With the last of the guest the one who followed it ends, too: by itself, and with what it wrote down.
  reap($tracer, 0, $use) if defined $tracer && !defined $use->{tracer_status};
  # What bubblewrap wrote between the last look and its end.
  sysread($status_in, $use->{json}, 4096, length $use->{json});
  $use->{wall_ms} = now_ms() - $started_ms;
  drain_outputs();
  return;
}

sub report_end {
  my ($use) = @_;
  # Of a run that was ended nothing is learnt, and its tracer may have come too late for it.
  if (defined $tracer && $use->{why} eq 'exited' && $use->{tracer_status} != 0) {
    fail('learn', "the one who followed the program ended with status $use->{tracer_status}");
  }
  my ($exit) = $use->{json} =~ /"exit-code":\s*(\d+)/;
  if ($use->{why} eq 'exited' && !defined $exit) {
    my $status = $use->{status} // 0;
    fail('bubblewrap', $status & 127 ? 'ended by signal ' . ($status & 127) : 'exit ' . ($status >> 8));
  }
  my $cpu_us = $use->{cpu_us};
  $cpu_us = $use->{seen_ms} * 1000 if $use->{seen_ms} * 1000 > $cpu_us;
  # One process reached the limit that stands on each: the kernel of the machine was quicker.
  $use->{why} = 'cpu' if $use->{why} eq 'exited' && $exit == 137 && $cpu_us >= $set{cpu_ms} * 1000;
  my ($written, $entries) = length $set{indexes} ? measure_layer() : (0, 0);
  $use->{why} = 'written' if $use->{why} eq 'exited' && ($written > $set{written_bytes} || $entries > $set{entries});
  report_opaque();
  report_learnt() if defined $tracer;
  say_record('ended', $use->{why}, $exit // '');
  say_record('usage', int $cpu_us, int($use->{wall_ms} + 0.5), $use->{peak}, $written);
  say_record('done');
  return;
}

# All that the tracer wrote down, or the reason why there is nothing to be learnt.
sub report_learnt {
  sysseek($learnt, 0, 0);
  my $text = do { local $/ = undef; readline $learnt } // '';
  my @fields = split /\0/, $text, -1;
  pop @fields; # what follows the last NUL
  while (@fields) { my ($kind, $path) = splice(@fields, 0, 2); say_record('learnt', $kind, $path // '') }
  return;
}

# A folder marked opaque hides what the tree has below it. The mark is an extended attribute, which
# Node cannot read.
sub report_opaque {
  my $name = $set{mode} eq 'root' ? 'trusted.overlay.opaque' : 'user.overlay.opaque';
  for my $index (split / /, $set{indexes}) {
    my $root = "$stage/layer/$index/upper";
    my @pending = ('');
    while (@pending) {
      my $below = shift @pending;
      my $value = "\0" x 8;
      my $path = "$root$below";
      say_record('opaque', $index, $below) if syscall($call->{lgetxattr}, $path, $name, $value, 8) == 1;
      opendir(my $list, $path) or next;
      push @pending, map { "$below/$_" }
        grep { $_ ne '.' && $_ ne '..' && !-l "$path/$_" && -d _ } readdir $list;
    }
  }
  return;
}

1;

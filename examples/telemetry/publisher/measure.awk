# Prints one line of JSON every `interval` seconds: figures of the machine (not of the container) from /proc and /sys.

function first_line(file,    line) {
  line = ""
  getline line < file
  close(file)
  return line
}

function output_of(command,    line) {
  line = ""
  command | getline line
  close(command)
  return line
}

# Share of the time since the last call in which processors worked, in percent.
function cpu_percent(    fields, count, total, idle, share) {
  count = split(first_line("/proc/stat"), fields)
  total = 0
  for (field = 2; field <= count && field <= 9; field++) total += fields[field]
  idle = fields[5] + fields[6]
  share = total > last_total ? 100 * (1 - (idle - last_idle) / (total - last_total)) : 0
  last_total = total
  last_idle = idle
  return share
}

function memory_field(name,    line, fields, value) {
  value = 0
  while ((getline line < "/proc/meminfo") > 0) {
    split(line, fields)
    if (fields[1] == name ":") value = fields[2] * 1024
  }
  close("/proc/meminfo")
  return value
}

function core_count(    line, count) {
  count = 0
  while ((getline line < "/proc/stat") > 0) if (line ~ /^cpu[0-9]/) count++
  close("/proc/stat")
  return count
}

function quoted(text) {
  gsub(/["\\]/, "\\\\&", text)
  return "\"" text "\""
}

BEGIN {
  if (interval <= 0) interval = 2
  name = ENVIRON["BALENA_DEVICE_NAME_AT_INIT"]
  if (name == "") name = first_line("/proc/sys/kernel/hostname")
  cores = core_count()
  cpu_percent()
  while (system("sleep " interval) == 0) {
    split(first_line("/proc/loadavg"), load)
    split(first_line("/proc/uptime"), uptime)
    split(output_of("df -P -k / | tail -n 1"), disk)
    temperature = first_line("/sys/class/thermal/thermal_zone0/temp")
    printf "{\"time\":%s,\"device\":%s,\"uptime\":%d,", output_of("date +%s"), quoted(name), uptime[1]
    printf "\"cpu\":{\"percent\":%.1f,\"cores\":%d},\"load\":[%s,%s,%s],", cpu_percent(), cores, load[1], load[2], load[3]
    printf "\"memory\":{\"total\":%.0f,\"available\":%.0f},", memory_field("MemTotal"), memory_field("MemAvailable")
    printf "\"disk\":{\"total\":%.0f,\"available\":%.0f},", disk[2] * 1024, disk[4] * 1024
    printf "\"temperature\":%s}\n", temperature == "" ? "null" : sprintf("%.1f", temperature / 1000)
    fflush()
  }
}

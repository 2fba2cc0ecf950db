#include "kept/exposition.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void exposition_head(struct text *out, const char *name, const char *type, const char *help)
{
	text_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

double exposition_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int open_files(void)
{
	int count = 0;
	DIR *folder = opendir("/proc/self/fd");
	if (!folder)
		return 0;
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 3; /* ".", ".." and the folder's own */
}

/* False: /proc is not there. */
static bool memory_pages(unsigned long *all, unsigned long *resident)
{
	FILE *file = fopen("/proc/self/statm", "re");
	if (!file)
		return false;
	bool read = fscanf(file, "%lu %lu", all, resident) == 2;
	fclose(file);
	return read;
}

static double seconds_of(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void write_memory(struct text *out)
{
	unsigned long all = 0, resident = 0, page = (unsigned long)sysconf(_SC_PAGESIZE);
	bool read = memory_pages(&all, &resident);
	exposition_head(out, "process_virtual_memory_bytes", "gauge", "Virtual memory.");
	if (read)
		text_addf(out, "process_virtual_memory_bytes %lu\n", all * page);
	exposition_head(out, "process_resident_memory_bytes", "gauge", "Resident memory.");
	if (read)
		text_addf(out, "process_resident_memory_bytes %lu\n", resident * page);
}

void exposition_process(struct text *out, const char *program, double started)
{
	struct rusage usage;
	struct rlimit files;
	exposition_head(out, "kept_build_info", "gauge", "Always 1; program and version are labels.");
	text_addf(out, "kept_build_info{program=\"%s\",version=\"%s\"} 1\n", program, KEPT_VERSION);
	exposition_head(out, "process_start_time_seconds", "gauge", "Start of the process, in seconds since 1970.");
	text_addf(out, "process_start_time_seconds %.3f\n", started);
	exposition_head(out, "process_cpu_seconds_total", "counter", "Processor time used.");
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		text_addf(out, "process_cpu_seconds_total %.6f\n",
			  seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime));
	write_memory(out);
	exposition_head(out, "process_open_fds", "gauge", "Open file descriptors.");
	text_addf(out, "process_open_fds %d\n", open_files());
	exposition_head(out, "process_max_fds", "gauge", "Most open file descriptors.");
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		text_addf(out, "process_max_fds %llu\n", (unsigned long long)files.rlim_cur);
}

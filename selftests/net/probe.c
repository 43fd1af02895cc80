/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * probe.c - what an FE guest can do: stands in the agent's place and tries.
 *
 * Started by pdp-fe-init as /pdp/pdp-fe-agent, it prints a line per attempt, "NAME RESULT", where
 * RESULT is "ok" or the name of an errno; after "done" it sleeps. On the host:
 *
 *   probe --connect PATH        what the controller does to a stranger: "connect RESULT"
 *   probe --feed DEV MAC COUNT  tagged frames to a guest, as from the classifier, 64 a millisecond
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xdp/xsk.h>

#include "fe-agent/channel.h"

static void report(const char *name, long result)
{
	printf("%s %s\n", name, result >= 0 ? "ok" : strerrorname_np(errno));
	fflush(stdout);
}

static void try_syscalls(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
	union bpf_attr by_id = {.map_id = 1};
	union bpf_attr pin = {.pathname = (uintptr_t) "/sys/fs/bpf/pdp"};

	report("bpf-map-create", syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map)));
	report("bpf-map-by-id", syscall(SYS_bpf, BPF_MAP_GET_FD_BY_ID, &by_id, sizeof(by_id)));
	report("bpf-obj-get", syscall(SYS_bpf, BPF_OBJ_GET, &pin, sizeof(pin)));
	report("unshare-user", unshare(CLONE_NEWUSER));
	report("clone-user", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
	report("clone3", syscall(SYS_clone3, NULL, 0));
	report("setns", setns(open("/proc/self/ns/net", O_RDONLY), 0));
	report("mount-tmpfs", mount("none", "/tmp", "tmpfs", 0, NULL));
	report("remount-root", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
	report("umount-usr", umount2("/usr", MNT_DETACH));
	report("ptrace-init", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
	report("io-uring", syscall(SYS_io_uring_setup, 1, NULL));
	report("userfaultfd", syscall(SYS_userfaultfd, 0));
	report("perf-event", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
	report("keyctl", syscall(SYS_keyctl, 0, 0, 0, 0, 0));
	report("syslog", syscall(SYS_syslog, 3, NULL, 0));
}

static void try_privileges(void)
{
	report("setuid-0", setuid(0));
	report("drop-bounding", prctl(PR_CAPBSET_DROP, 0, 0, 0, 0));
	report("raise-net-admin", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 12, 0, 0));
	printf("uid %d\n", (int)getuid());
	fflush(stdout);
	/* An exec is where a root of the namespace would get its capabilities back. */
	if (system("/bin/grep -E '^(Uid|Cap|NoNew|Seccomp:)' /proc/self/status | "
		   "/bin/sed 's/^/status./; s/[[:space:]][[:space:]]*/ /g'"))
		report("exec", -1);
}

static void try_link(void)
{
	struct ethtool_value tx_on = {.cmd = ETHTOOL_STXCSUM, .data = 1};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr = {.ifr_name = "eth0"};

	report("get-flags", ioctl(fd, SIOCGIFFLAGS, &ifr));
	ifr.ifr_flags = 0;
	report("link-down", ioctl(fd, SIOCSIFFLAGS, &ifr));
	ifr.ifr_mtu = 1400;
	report("link-mtu", ioctl(fd, SIOCSIFMTU, &ifr));
	ifr.ifr_data = (void *)&tx_on;
	report("link-tx-on", ioctl(fd, SIOCETHTOOL, &ifr));
	report("packet-socket", socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
	close(fd);
}

static void list(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	printf("list %s:", path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			printf(" %s", entry->d_name);
	printf("\n");
	if (dir)
		closedir(dir);
}

static void try_files(void)
{
	report("write-root", open("/x", O_WRONLY | O_CREAT, 0600));
	report("write-usr", open("/usr/x", O_WRONLY | O_CREAT, 0600));
	report("write-own-dir", open(PDP_AGENT_DIR "/x", O_WRONLY | O_CREAT, 0600));
	report("write-agent", open("/pdp/pdp-fe-agent", O_WRONLY));
	report("write-sysctl", open("/proc/sys/kernel/core_pattern", O_WRONLY));
	report("sysrq", open("/proc/sysrq-trigger", O_WRONLY));
	report("kcore", open("/proc/kcore", O_RDONLY));
	report("mknod", mknod("/tmp/zero", S_IFCHR | 0600, makedev(1, 5)));
	report("write-tmp", open("/tmp/x", O_WRONLY | O_CREAT, 0600));
	list("/");
	list("/run");
	list("/dev");
	list(PDP_AGENT_DIR);
}

/* Everything open but what 0, 1 and 2 are. */
static void list_fds(void)
{
	char path[64], target[256];

	for (int fd = 3; fd < 64; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n > 0)
			printf("fd %.*s\n", (int)n, target);
	}
}

static void count_forks(void)
{
	pid_t pids[64];
	int n = 0;

	while (n < 64 && (pids[n] = fork()) > 0)
		n++;
	if (n < 64 && !pids[n]) {
		pause();
		_exit(0);
	}
	printf("forks %s\n", n < 64 ? "bounded" : "free");
	for (int i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

/* --- the channel ------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct hello {
	struct pdp_msg msg;
	struct pdp_hello hello;
};

static int dial(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	return connect(fd, (struct sockaddr *)&sun, sizeof(sun)) ? -1 : fd;
}

static bool send_with(int fd, const void *data, size_t len, const int *fds, unsigned int n_fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = {0};
	struct iovec iov = {(void *)data, len};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds) {
		struct cmsghdr *c = (struct cmsghdr *)control;

		mh.msg_control = control;
		mh.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	return sendmsg(fd, &mh, MSG_NOSIGNAL) >= 0;
}

/* Say it and wait for what comes back: a message, or the end. */
static const char *say(const void *data, size_t len, const int *fds, unsigned int n_fds)
{
	const char *answer = "closed";
	struct pdp_msg reply;
	int fd = dial(PDP_AGENT_SOCK);

	if (fd < 0)
		return "unreachable";
	if (send_with(fd, data, len, fds, n_fds) && recv(fd, &reply, sizeof(reply), 0) > 0)
		answer = reply.type == PDP_MSG_START ? "accepted" : "answered";
	close(fd);
	return answer;
}

static int greet(const struct hello *hello, const int fds[2])
{
	int fd = dial(PDP_AGENT_SOCK);

	if (fd >= 0)
		send_with(fd, hello, sizeof(*hello), fds, 2);
	return fd;
}

/* Greet, wait for the first SYNC, and then say this again and again. Is one cut off for it? */
static const char *insist(const struct hello *hello, const int fds[2], enum pdp_msg_type type,
			  uint32_t seq_step)
{
	const struct timeval patience = {.tv_sec = 1};
	_Alignas(8) char in[PDP_CHANNEL_MAX];
	struct {
		struct pdp_msg msg;
		struct pdp_synced synced;
	} out = {.msg = {.type = type}};
	const struct pdp_msg *msg = (const struct pdp_msg *)in;
	const uint64_t end = now_ms() + 2000;
	int fd = greet(hello, fds), n = 0;
	bool closed = false;
	ssize_t got;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	do {
		if (recv(fd, in, sizeof(in), 0) <= 0) {
			close(fd);
			return "unheard";
		}
	} while (msg->type != PDP_MSG_SYNC);
	out.msg.seq = msg->seq + seq_step;
	while (n < 1000 && send(fd, &out, sizeof(out), MSG_NOSIGNAL) > 0)
		n++;
	/* What the controller says until it hangs up, if it does. */
	while (!closed && now_ms() < end) {
		got = recv(fd, in, sizeof(in), 0);
		closed = got == 0 || (got < 0 && errno == ECONNRESET);
	}
	close(fd);
	return closed ? "closed" : "endured";
}

/* Connections that are given up as soon as they stand. */
static void try_haste(const struct hello *good, const int fds[2])
{
	const uint64_t end = now_ms() + 2000;
	int accepted = 0;

	while (now_ms() < end && accepted < 200)
		accepted += !strcmp(say(good, sizeof(*good), fds, 2), "accepted");
	printf("haste %s\n", accepted < 40 ? "bounded" : "endured");
}

static int open_xsk(void)
{
	static _Alignas(4096) uint8_t area[64 * 4096];
	static struct xsk_ring_prod fill, tx;
	static struct xsk_ring_cons completion, rx;
	struct xsk_socket_config config = {
		.rx_size = 64, .tx_size = 64, .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD};
	struct xsk_umem *umem;
	struct xsk_socket *xsk;

	if (xsk_umem__create(&umem, area, sizeof(area), &fill, &completion, NULL) ||
	    xsk_socket__create(&xsk, "eth0", 0, umem, &rx, &tx, &config))
		return -1;
	return xsk_socket__fd(xsk);
}

/* Locked memory is what a guest could starve its host of. */
static void try_memlock(void)
{
	const size_t size = 16 << 20;
	void *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct xdp_umem_reg umem = {.addr = (uintptr_t)area, .len = size, .chunk_size = 2048};
	const int fd = socket(AF_XDP, SOCK_RAW, 0);

	report("umem-16-mib", setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)));
	close(fd);
	munmap(area, size);
}

static int open_counters(int seals)
{
	int fd = memfd_create("counters", MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, sizeof(struct pdp_agent_stats)) ||
	    (seals && fcntl(fd, F_ADD_SEALS, seals)))
		return -1;
	return fd;
}

static void try_lies(const struct hello *good, const int fds[2])
{
	const int file = open("/proc/self/status", O_RDONLY), loose = open_counters(0);
	const int inet = socket(AF_INET, SOCK_DGRAM, 0), raw = socket(AF_XDP, SOCK_RAW, 0);
	const int three[] = {fds[0], fds[1], file}, many[] = {file, file, file, file, file, file};
	const int swapped[] = {fds[1], fds[0]}, not_xdp[] = {inet, fds[1]};
	const int unsealed[] = {fds[0], loose}, no_memfd[] = {fds[0], file};
	const int unbound[] = {raw, fds[1]};
	struct hello version = *good, device = *good, queue = *good, plane = *good, type = *good;
	const struct {
		const char *name;
		const void *data;
		size_t len;
		const int *fds;
		unsigned int n_fds;
	} lies[] = {
		{"hello-no-fds", good, sizeof(*good), NULL, 0},
		{"hello-one-fd", good, sizeof(*good), fds, 1},
		{"hello-three-fds", good, sizeof(*good), three, 3},
		{"hello-six-fds", good, sizeof(*good), many, 6},
		{"hello-swapped-fds", good, sizeof(*good), swapped, 2},
		{"hello-inet-socket", good, sizeof(*good), not_xdp, 2},
		{"hello-unbound-xsk", good, sizeof(*good), unbound, 2},
		{"hello-unsealed-counters", good, sizeof(*good), unsealed, 2},
		{"hello-file-as-counters", good, sizeof(*good), no_memfd, 2},
		{"hello-version", &version, sizeof(version), fds, 2},
		{"hello-device", &device, sizeof(device), fds, 2},
		{"hello-queue", &queue, sizeof(queue), fds, 2},
		{"hello-dataplane", &plane, sizeof(plane), fds, 2},
		{"hello-short", good, sizeof(*good) - 1, fds, 2},
		{"hello-3-bytes", good, 3, fds, 2},
		{"synced-first", &type, sizeof(type), fds, 2},
	};

	version.hello.version++;
	device.hello.ifindex++;
	queue.hello.queue = 1;
	memset(plane.hello.dataplane, 'x', sizeof(plane.hello.dataplane));
	type.msg.type = PDP_MSG_SYNCED;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		printf("%s %s\n", lies[i].name,
		       say(lies[i].data, lies[i].len, lies[i].fds, lies[i].n_fds));
		/* A good one in between, or the pauses would add up. */
		printf("after-%s %s\n", lies[i].name, say(good, sizeof(*good), fds, 2));
		fflush(stdout);
	}
}

static void try_channel(void)
{
	struct hello good = {.msg = {.type = PDP_MSG_HELLO},
			     .hello = {.version = PDP_CHANNEL_VERSION,
				       .wire_version = PDP_WIRE_VERSION,
				       .ifindex = if_nametoindex("eth0"),
				       .dataplane = "router"}};
	const int fds[2] = {open_xsk(), open_counters(F_SEAL_GROW | F_SEAL_SHRINK)};
	uint64_t start;

	report("xsk", fds[0]);
	report("counters", fds[1]);
	printf("hello-good %s\n", say(&good, sizeof(good), fds, 2));
	try_lies(&good, fds);
	printf("synced-again %s\n", insist(&good, fds, PDP_MSG_SYNCED, 0));
	printf("synced-unasked %s\n", insist(&good, fds, PDP_MSG_SYNCED, 1));
	printf("errors-again %s\n", insist(&good, fds, PDP_MSG_ERROR, 0));
	try_haste(&good, fds);
	fflush(stdout);
	start = now_ms();
	for (int i = 0; i < 4; i++)
		say(&good, 3, NULL, 0);
	/* Each waits for the pause that the one before it earned: 100, 200, 400 ms. */
	printf("pauses %s\n", now_ms() - start >= 690 ? "grow" : "none");
}

/* --- the host's side --------------------------------------------------------------------------- */

static int greet_as_stranger(const char *path)
{
	int fd = dial(path);
	char byte;

	report("connect", fd);
	if (fd >= 0)
		printf("then %s\n", recv(fd, &byte, 1, 0) > 0 ? "answered" : "closed");
	return 0;
}

/* A frame from the classifier; the packet in it is one that no route is for, and returns as LOCAL. */
struct frame {
	struct ethhdr eth;
	struct pdp_tag tag;
	struct iphdr ip;
	uint8_t payload[30];
} __attribute__((packed));

static void make_frame(struct frame *frame, const struct ether_addr *guest)
{
	uint16_t word[10];
	uint32_t sum = 0;

	*frame = (struct frame){
		.eth = {.h_proto = htons(PDP_ETHERTYPE)},
		.tag = {.version_op = pdp_tag_version_op(PDP_OP_INPUT),
			.proto = htons(ETH_P_IP),
			.vnet = htons(1),
			.vif = htons(1)},
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = 253, .tot_len = htons(50)},
	};
	memcpy(frame->eth.h_dest, guest, sizeof(frame->eth.h_dest));
	frame->ip.saddr = inet_addr("203.0.113.1");
	frame->ip.daddr = inet_addr("203.0.113.2");
	memcpy(word, &frame->ip, sizeof(word));
	for (int i = 0; i < 10; i++)
		sum += word[i];
	sum = (sum & 0xffff) + (sum >> 16);
	frame->ip.check = (uint16_t) ~(sum + (sum >> 16));
}

static int feed(const char *dev, const char *mac, long count)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(dev)};
	const struct timespec millisecond = {.tv_nsec = 1000000};
	const int fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct frame frame;

	make_frame(&frame, ether_aton(mac));
	for (long sent = 0; sent < count; sent++) {
		if (sendto(fd, &frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
			report("feed", -1);
			return 1;
		}
		if (sent % 64 == 63)
			nanosleep(&millisecond, NULL);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--connect"))
		return greet_as_stranger(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "--feed"))
		return feed(argv[2], argv[3], atol(argv[4]));
	if (!geteuid()) {
		fputs("probe: stands in an agent's place, or takes --connect or --feed\n", stderr);
		return 2;
	}
	list_fds();
	try_privileges();
	try_syscalls();
	try_link();
	try_files();
	count_forks();
	try_memlock();
	try_channel();
	printf("done\n");
	fflush(stdout);
	for (;;)
		pause();
}

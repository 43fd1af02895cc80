/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* netdev.c - a device by generic netlink, and its threaded NAPI by sysfs; see netdev.h. */
#include "ctl/netdev.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of linux/netdev.h, which Debian 12 has not. */
#define FAMILY "netdev"
#define CMD_DEV_GET 1
#define A_DEV_IFINDEX 1
#define A_DEV_XDP_FEATURES 3
#define XDP_ACT_NDO_XMIT 4
#define CMD_NAPI_GET 11
#define A_NAPI_IFINDEX 1
#define A_NAPI_PID 4

#define ANSWER_MAX 8192

/* One attribute of the answer, as a number; of the first that has it. */
struct wanted {
	uint16_t type;
	uint64_t value;
	bool found;
};

static bool number(const struct nlattr *attr, uint64_t *value)
{
	switch (mnl_attr_get_payload_len(attr)) {
	case sizeof(uint16_t):
		*value = mnl_attr_get_u16(attr);
		return true;
	case sizeof(uint32_t):
		*value = mnl_attr_get_u32(attr);
		return true;
	case sizeof(uint64_t):
		*value = mnl_attr_get_u64(attr);
		return true;
	default:
		return false;
	}
}

static int take(const struct nlmsghdr *nlh, void *arg)
{
	struct wanted *wanted = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (!wanted->found && mnl_attr_get_type(attr) == wanted->type)
			wanted->found = number(attr, &wanted->value);
	}
	return MNL_CB_OK;
}

/* Ask and read the answer, of a dump all there is. */
static int ask(struct mnl_socket *socket, const struct nlmsghdr *nlh, struct wanted *wanted)
{
	char answer[ANSWER_MAX];
	int more = nlh->nlmsg_flags & NLM_F_DUMP;
	ssize_t len;

	if (mnl_socket_sendto(socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		len = mnl_socket_recvfrom(socket, answer, sizeof(answer));
		if (len < 0)
			return -errno;
		len = mnl_cb_run(answer, (size_t)len, nlh->nlmsg_seq, 0, take, wanted);
		if (len < 0)
			return -errno;
	} while (more && len > MNL_CB_STOP);
	return wanted->found ? 0 : -ENOENT;
}

static struct nlmsghdr *begin(char *buf, uint16_t family, uint8_t command, uint16_t flags,
			      uint32_t seq)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = command;
	genl->version = 1;
	return nlh;
}

/* What the family says of a device: the command's argument is its ifindex, as attribute 1. */
static int look_with(struct mnl_socket *socket, uint8_t command, uint16_t flags, int ifindex,
		     struct wanted *wanted)
{
	struct wanted family = {.type = CTRL_ATTR_FAMILY_ID};
	char buf[256];
	struct nlmsghdr *nlh = begin(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, 1);
	int code;

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, FAMILY);
	code = ask(socket, nlh, &family);
	if (code)
		return code == -ENOENT ? -EOPNOTSUPP : code;
	nlh = begin(buf, (uint16_t)family.value, command, flags, 2);
	mnl_attr_put_u32(nlh, A_DEV_IFINDEX, (uint32_t)ifindex);
	return ask(socket, nlh, wanted);
}

_Static_assert(A_DEV_IFINDEX == A_NAPI_IFINDEX, "one way to ask");

static int look(uint8_t command, uint16_t flags, int ifindex, struct wanted *wanted)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	int code;

	if (!socket)
		return -errno;
	code = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID)
		       ? -errno
		       : look_with(socket, command, flags, ifindex, wanted);
	mnl_socket_close(socket);
	return code;
}

int pdp_netdev_takes_redirects(int ifindex)
{
	struct wanted features = {.type = A_DEV_XDP_FEATURES};
	int code = look(CMD_DEV_GET, 0, ifindex, &features);

	return code ? code : (features.value & XDP_ACT_NDO_XMIT) != 0;
}

int pdp_netdev_thread(int ifindex, pid_t *pid, struct pdp_error *err)
{
	struct wanted thread = {.type = A_NAPI_PID};
	int code = look(CMD_NAPI_GET, NLM_F_DUMP, ifindex, &thread);

	*pid = 0;
	if (!code)
		*pid = (pid_t)thread.value;
	if (!code || code == -ENOENT)
		return 0;
	return pdp_fail(err, code == -EOPNOTSUPP || code == -EINVAL ? -EOPNOTSUPP : code,
			"the kernel does not tell which thread is the device's: %s",
			strerror(-code));
}

/* sysfs of the calling thread's network namespace, mounted nowhere; a descriptor or -errno. */
static int open_sysfs(void)
{
	int fs = fsopen("sysfs", FSOPEN_CLOEXEC), fd = -1;

	if (fs < 0)
		return -errno;
	if (!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		fd = -errno;
	close(fs);
	return fd;
}

static int write_switch(int sysfs, const char *ifname, bool on)
{
	char path[64];
	int fd, code = 0;

	snprintf(path, sizeof(path), "class/net/%s/threaded", ifname);
	fd = openat(sysfs, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, on ? "1" : "0", 1) != 1)
		code = -errno;
	close(fd);
	return code;
}

int pdp_netdev_set_threaded(const char *ifname, bool on, struct pdp_error *err)
{
	int sysfs = open_sysfs(), code;

	if (sysfs < 0)
		return pdp_fail(err, sysfs, "no sysfs of the device's namespace: %s",
				strerror(-sysfs));
	code = write_switch(sysfs, ifname, on);
	close(sysfs);
	if (code == -ENOENT)
		return pdp_fail(err, -EOPNOTSUPP, "the kernel has no threaded NAPI");
	return code ? pdp_fail(err, code, "switch threaded NAPI of %s %s: %s", ifname,
			       on ? "on" : "off", strerror(-code))
		    : 0;
}

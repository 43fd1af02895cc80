/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* xdpfeatures.c - what a device does for XDP, by generic netlink; see xdpfeatures.h. */
#include "ctl/xdpfeatures.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Of linux/netdev.h, which Debian 12 has not. */
#define FAMILY "netdev"
#define CMD_DEV_GET 1
#define A_DEV_IFINDEX 1
#define A_DEV_XDP_FEATURES 3
#define XDP_ACT_NDO_XMIT 4

#define ANSWER_MAX 8192

/* One attribute of the answer, as a number. */
struct wanted {
	uint16_t type;
	uint64_t value;
	bool found;
};

static int take(const struct nlmsghdr *nlh, void *arg)
{
	struct wanted *wanted = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		size_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) != wanted->type || len > sizeof(wanted->value))
			continue;
		if (len == sizeof(uint16_t))
			wanted->value = mnl_attr_get_u16(attr);
		else if (len == sizeof(uint64_t))
			wanted->value = mnl_attr_get_u64(attr);
		else
			continue;
		wanted->found = true;
	}
	return MNL_CB_OK;
}

/* Ask and read the one answer. */
static int ask(struct mnl_socket *socket, const struct nlmsghdr *nlh, struct wanted *wanted)
{
	char answer[ANSWER_MAX];
	ssize_t len;

	if (mnl_socket_sendto(socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	len = mnl_socket_recvfrom(socket, answer, sizeof(answer));
	if (len < 0)
		return -errno;
	if (mnl_cb_run(answer, (size_t)len, nlh->nlmsg_seq, 0, take, wanted) < 0)
		return -errno;
	return wanted->found ? 0 : -ENOENT;
}

static struct nlmsghdr *begin(char *buf, uint16_t family, uint8_t command, uint32_t seq)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = command;
	genl->version = 1;
	return nlh;
}

static int look(struct mnl_socket *socket, int ifindex)
{
	struct wanted family = {.type = CTRL_ATTR_FAMILY_ID},
		      features = {.type = A_DEV_XDP_FEATURES};
	char buf[256];
	struct nlmsghdr *nlh = begin(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	int code;

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, FAMILY);
	code = ask(socket, nlh, &family);
	if (code)
		return code == -ENOENT ? -EOPNOTSUPP : code;
	nlh = begin(buf, (uint16_t)family.value, CMD_DEV_GET, 2);
	mnl_attr_put_u32(nlh, A_DEV_IFINDEX, (uint32_t)ifindex);
	code = ask(socket, nlh, &features);
	return code ? code : (features.value & XDP_ACT_NDO_XMIT) != 0;
}

int pdp_xdp_takes_redirects(int ifindex)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	int code;

	if (!socket)
		return -errno;
	code = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) ? -errno : look(socket, ifindex);
	mnl_socket_close(socket);
	return code;
}

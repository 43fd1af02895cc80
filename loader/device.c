/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * device.c - what XDP program stands on a device.
 *
 * libbpf's bpf_xdp_query() has the kernel list all devices of the namespace and picks one; a node of a
 * thousand guests asks this for each of its two thousand. So one is asked for.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loader/internal.h"

#define ANSWER_LEN 16384 /* of one device; rtnetlink's own limit is a page or two */

static int ask(int fd, int ifindex, void *answer, size_t size)
{
	const struct {
		struct nlmsghdr head;
		struct ifinfomsg body;
	} request = {
		.head = {.nlmsg_len = sizeof(request),
			 .nlmsg_type = RTM_GETLINK,
			 .nlmsg_flags = NLM_F_REQUEST},
		.body = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex},
	};
	ssize_t n;

	if (send(fd, &request, sizeof(request), 0) < 0)
		return -errno;
	do
		n = recv(fd, answer, size, MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n > size ? -EMSGSIZE : (int)n;
}

static const struct rtattr *find(const struct rtattr *attr, int len, unsigned short type)
{
	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
		if ((attr->rta_type & NLA_TYPE_MASK) == type)
			return attr;
	return NULL;
}

static uint32_t number(const struct rtattr *in, unsigned short type)
{
	const struct rtattr *attr = find(RTA_DATA(in), RTA_PAYLOAD(in), type);
	uint32_t value = 0;

	if (attr && RTA_PAYLOAD(attr) >= sizeof(value))
		memcpy(&value, RTA_DATA(attr), sizeof(value));
	return value;
}

static int read_answer(const struct nlmsghdr *head, int len, struct pdp_standing *out)
{
	static const struct {
		unsigned short type;
		uint32_t mode;
	} modes[] = {{IFLA_XDP_DRV_PROG_ID, XDP_FLAGS_DRV_MODE},
		     {IFLA_XDP_SKB_PROG_ID, XDP_FLAGS_SKB_MODE},
		     {IFLA_XDP_HW_PROG_ID, XDP_FLAGS_HW_MODE}};
	const struct rtattr *xdp;

	if (!NLMSG_OK(head, (uint32_t)len))
		return -EBADMSG;
	if (head->nlmsg_type == NLMSG_ERROR)
		return ((const struct nlmsgerr *)NLMSG_DATA(head))->error;
	if (head->nlmsg_type != RTM_NEWLINK)
		return -EBADMSG;
	xdp = find(IFLA_RTA(NLMSG_DATA(head)), (int)IFLA_PAYLOAD(head), IFLA_XDP);
	for (size_t i = 0; xdp && !out->prog_id && i < sizeof(modes) / sizeof(modes[0]); i++)
		*out = (struct pdp_standing){number(xdp, modes[i].type), modes[i].mode};
	if (!out->prog_id)
		out->mode = 0;
	return 0;
}

int pdp_device_look(int ifindex, struct pdp_standing *standing)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	union {
		struct nlmsghdr head;
		char bytes[ANSWER_LEN];
	} answer = {.head = {.nlmsg_len = 0}}; /* clang-tidy does not know that errno is positive */
	int n;

	*standing = (struct pdp_standing){0};
	if (fd < 0)
		return -errno;
	n = ask(fd, ifindex, &answer, sizeof(answer));
	close(fd);
	return n < 0 ? n : read_answer(&answer.head, n, standing);
}

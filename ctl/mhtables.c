/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* mhtables.c - the node file's tables in the kernel of an MH guest; see mhtables.h. */
#include "ctl/mhtables.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGE_MAX 256 /* fib.c's */
#define FILE_MAX (64 << 20)

/* --- messages ------------------------------------------------------------------------------------- */

/* What a message is about; two of the same name take each other's place. */
struct name {
	uint16_t type;
	uint8_t family;
	uint8_t len;
	uint32_t vif; /* addresses and neighbours: of this one */
	uint8_t addr[16];
};

static void copy_addr(struct name *name, const struct nlmsghdr *nlh, size_t header, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, header) {
		if (mnl_attr_get_type(attr) == type &&
		    mnl_attr_get_payload_len(attr) <= sizeof(name->addr))
			memcpy(name->addr, mnl_attr_get_payload(attr),
			       mnl_attr_get_payload_len(attr));
	}
}

static void name_of(struct name *name, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);

	memset(name, 0, sizeof(*name));
	name->type = nlh->nlmsg_type;
	switch (nlh->nlmsg_type) {
	case RTM_NEWADDR:
		name->family = ifa->ifa_family;
		name->len = ifa->ifa_prefixlen;
		name->vif = ifa->ifa_index;
		copy_addr(name, nlh, sizeof(*ifa), IFA_LOCAL);
		break;
	case RTM_NEWROUTE:
		name->family = rtm->rtm_family;
		name->len = rtm->rtm_dst_len;
		copy_addr(name, nlh, sizeof(*rtm), RTA_DST);
		break;
	case RTM_NEWNEIGH:
		name->family = ndm->ndm_family;
		name->vif = (uint32_t)ndm->ndm_ifindex;
		copy_addr(name, nlh, sizeof(*ndm), NDA_DST);
		break;
	}
}

/* The messages of a table by their names, for look-ups. */
struct index_entry {
	struct name name;
	const struct nlmsghdr *nlh;
};

struct index {
	struct index_entry *entries;
	size_t n;
};

static int compare_names(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct name));
}

static const struct nlmsghdr *first_of(const struct pdp_mhtables *tables, int *left)
{
	*left = (int)tables->len;
	return (const struct nlmsghdr *)tables->buf;
}

/* Without memory it is empty: then too much is put, or taken away, and put again at the next change. */
static struct index index_of(const struct pdp_mhtables *tables)
{
	struct index index = {0};
	const struct nlmsghdr *nlh;
	int left;

	if (!tables || !tables->len)
		return index;
	index.entries = calloc(tables->len / NLMSG_HDRLEN + 1, sizeof(*index.entries));
	if (!index.entries)
		return index;
	for (nlh = first_of(tables, &left); mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left)) {
		name_of(&index.entries[index.n].name, nlh);
		index.entries[index.n++].nlh = nlh;
	}
	qsort(index.entries, index.n, sizeof(*index.entries), compare_names);
	return index;
}

static const struct nlmsghdr *find(const struct index *index, const struct nlmsghdr *nlh)
{
	struct name name;
	const struct index_entry *entry;

	name_of(&name, nlh);
	entry = index->n ? bsearch(&name, index->entries, index->n, sizeof(*index->entries),
				   compare_names)
			 : NULL;
	return entry ? entry->nlh : NULL;
}

static bool same(const struct nlmsghdr *a, const struct nlmsghdr *b)
{
	return a->nlmsg_len == b->nlmsg_len && !memcmp(a, b, a->nlmsg_len);
}

/* --- tables --------------------------------------------------------------------------------------- */

static int append(struct pdp_mhtables *tables, const struct nlmsghdr *nlh)
{
	const size_t len = NLMSG_ALIGN(nlh->nlmsg_len);
	char *grown = tables->buf;

	/* Grown by doubling: the room is the next power of two. */
	if (!tables->len || ((tables->len - 1) ^ (tables->len + len - 1)) > tables->len - 1) {
		size_t room = 4096;

		while (room < tables->len + len)
			room *= 2;
		grown = realloc(tables->buf, room);
	}
	if (!grown)
		return -ENOMEM;
	tables->buf = grown;
	memset(tables->buf + tables->len, 0, len);
	memcpy(tables->buf + tables->len, nlh, nlh->nlmsg_len);
	tables->len += len;
	return 0;
}

static bool is_kernels(const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);

	return nlh->nlmsg_type == RTM_NEWROUTE && rtm->rtm_protocol == RTPROT_KERNEL;
}

static int take(const void *msgs, size_t len, void *arg)
{
	const struct nlmsghdr *nlh = msgs;
	int left = (int)len, code = 0;

	for (; !code && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		if (!is_kernels(nlh))
			code = append(arg, nlh);
	return code;
}

int pdp_mhtables_build(struct pdp_mhtables *out, const struct pdp_vnet_conf *conf,
		       const uint16_t *vif_ids)
{
	int code;

	*out = (struct pdp_mhtables){0};
	code = pdp_fib_build(conf, vif_ids, take, out);
	if (code)
		pdp_mhtables_free(out);
	return code;
}

void pdp_mhtables_free(struct pdp_mhtables *tables)
{
	free(tables->buf);
	*tables = (struct pdp_mhtables){0};
}

int pdp_mhtables_join(struct pdp_mhtables *had, const struct pdp_mhtables *want)
{
	struct index index = index_of(want);
	struct pdp_mhtables joined = {0};
	const struct nlmsghdr *nlh;
	int left, code = 0;

	for (nlh = first_of(want, &left); !code && mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left))
		code = append(&joined, nlh);
	for (nlh = first_of(had, &left); !code && mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left))
		if (!find(&index, nlh))
			code = append(&joined, nlh);
	free(index.entries);
	if (code) {
		pdp_mhtables_free(&joined);
		return code;
	}
	free(had->buf);
	*had = joined;
	return 0;
}

/* --- to the kernel -------------------------------------------------------------------------------- */

/* Vif ids become ifindexes. False: the vif is not there. */
static bool translate(struct nlmsghdr *nlh, const struct pdp_mhtables_way *way)
{
	struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	struct nlattr *attr;
	int ifindex;

	switch (nlh->nlmsg_type) {
	case RTM_NEWADDR:
		ifa->ifa_index = (uint32_t)way->ifindex((uint16_t)ifa->ifa_index, way->arg);
		return ifa->ifa_index;
	case RTM_NEWNEIGH:
		ndm->ndm_ifindex = way->ifindex((uint16_t)ndm->ndm_ifindex, way->arg);
		return ndm->ndm_ifindex;
	}
	mnl_attr_for_each(attr, nlh, sizeof(struct rtmsg)) {
		if (mnl_attr_get_type(attr) != RTA_OIF)
			continue;
		ifindex = way->ifindex((uint16_t)mnl_attr_get_u32(attr), way->arg);
		memcpy(mnl_attr_get_payload(attr), &ifindex, sizeof(ifindex));
		return ifindex;
	}
	return true;
}

static void describe(const struct nlmsghdr *nlh, char *text, size_t size)
{
	char addr[64] = "?";
	struct name name;

	name_of(&name, nlh);
	inet_ntop(name.family, name.addr, addr, sizeof(addr));
	if (name.type == RTM_NEWNEIGH)
		snprintf(text, size, "neighbour %s", addr);
	else
		snprintf(text, size, "%s %s/%u", name.type == RTM_NEWADDR ? "address" : "route",
			 addr, name.len);
}

/* type: of the message, NEW or DEL. */
static int say(const struct pdp_mhtables_way *way, const struct nlmsghdr *nlh, uint16_t type,
	       uint16_t flags, struct pdp_error *err)
{
	_Alignas(8) char buf[MESSAGE_MAX];
	struct nlmsghdr *copy = (struct nlmsghdr *)buf;
	char text[96];

	if (nlh->nlmsg_len > sizeof(buf))
		return pdp_fail(err, -EMSGSIZE, "a message of %u bytes", nlh->nlmsg_len);
	memcpy(buf, nlh, nlh->nlmsg_len);
	if (!translate(copy, way))
		return 0;
	copy->nlmsg_type = type;
	copy->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	describe(nlh, text, sizeof(text));
	return pdp_rtnl_talk(way->rtnl, copy, err, "%s", text);
}

int pdp_mhtables_put(const struct pdp_mhtables_way *way, const struct pdp_mhtables *want,
		     const struct pdp_mhtables *had, struct pdp_error *err)
{
	struct index index = index_of(had);
	const struct nlmsghdr *nlh, *old;
	int left, first = 0;

	for (nlh = first_of(want, &left); mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left)) {
		int code;

		old = find(&index, nlh);
		if (old && same(old, nlh))
			continue;
		code = say(way, nlh, nlh->nlmsg_type, NLM_F_CREATE | NLM_F_REPLACE,
			   first ? NULL : err);
		if (code && code != -EEXIST && code != -ENETDOWN && !first)
			first = code;
	}
	free(index.entries);
	return first;
}

static uint16_t removal(uint16_t type)
{
	return type == RTM_NEWADDR    ? RTM_DELADDR
	       : type == RTM_NEWROUTE ? RTM_DELROUTE
				      : RTM_DELNEIGH;
}

/* The other way round than they were put: routes before the addresses that they stand on. */
void pdp_mhtables_withdraw(const struct pdp_mhtables_way *way, const struct pdp_mhtables *had,
			   const struct pdp_mhtables *want)
{
	static const uint16_t order[] = {RTM_NEWROUTE, RTM_NEWNEIGH, RTM_NEWADDR};
	struct index index = index_of(want);
	const struct nlmsghdr *nlh;
	int left;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (nlh = first_of(had, &left); mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			if (nlh->nlmsg_type == order[i] && !find(&index, nlh))
				say(way, nlh, removal(nlh->nlmsg_type), 0, NULL);
	free(index.entries);
}

/* --- files ---------------------------------------------------------------------------------------- */

static bool is_whole(const struct pdp_mhtables *tables)
{
	const struct nlmsghdr *nlh;
	int left;

	for (nlh = first_of(tables, &left); mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left))
		;
	return !left;
}

void pdp_mhtables_load(struct pdp_mhtables *out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	*out = (struct pdp_mhtables){0};
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && st.st_size > 0 && st.st_size <= FILE_MAX) {
		size_t room = 4096;

		while (room < (size_t)st.st_size)
			room *= 2;
		out->buf = malloc(room);
		if (out->buf && read(fd, out->buf, (size_t)st.st_size) == st.st_size)
			out->len = (size_t)st.st_size;
	}
	close(fd);
	if (!is_whole(out))
		pdp_mhtables_free(out);
}

int pdp_mhtables_save(const struct pdp_mhtables *tables, const char *path, struct pdp_error *err)
{
	char fresh[PATH_MAX];
	int fd, code = 0;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= PATH_MAX)
		return pdp_fail(err, -ENAMETOOLONG, "path %s is too long", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return pdp_fail(err, -errno, "make %s: %s", fresh, strerror(errno));
	if (write(fd, tables->buf, tables->len) != (ssize_t)tables->len || rename(fresh, path))
		code = pdp_fail(err, errno ? -errno : -ENOSPC, "write %s: %s", path,
				strerror(errno));
	close(fd);
	return code;
}

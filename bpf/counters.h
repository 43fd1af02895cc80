/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * counters.h - every way out of every PdP program, by name.
 *
 * One of the three headers shared by BPF programs and user space. Each list is an X-macro: the
 * struct that a map holds, the names that `pdp-ctl stats` prints and the labels of the metrics are
 * made from the same line. bpftool prints the fields by name through BTF.
 *
 * The ledger of a vnet (docs/ledger.md):
 *
 *   rx + control = tx + local + sum of drops
 *
 * where the drops are those of pdp_vnet_stats, drop_no_socket of pdp_guest_stats, what the kernel lost
 * between two programs (pdp_xmit_drops, the AF_XDP socket) and what the agent dropped.
 */
#ifndef PDP_COUNTERS_H
#define PDP_COUNTERS_H

#include <linux/types.h>

/* X(name, what it means). Classifier: a frame that is none of ours, left to the host's stack. */
#define PDP_PASS_REASONS(X)                                                                 \
	X(pass_runt, "shorter than the headers it announces")                               \
	X(pass_vlan_depth, "more than two VLAN tags")                                       \
	X(pass_not_ip, "neither IPv4 nor IPv6")                                             \
	X(pass_bad_ipv4, "IPv4 header malformed: version, length or checksum")              \
	X(pass_bad_ipv6, "IPv6 header malformed: version, length, IPv4-mapped destination") \
	X(pass_not_udp, "IP, but not UDP")                                                  \
	X(pass_fragment, "later fragment, has no ports")                                    \
	X(pass_no_tunnel, "no tunnel has this local address, UDP port and VNI")

/* Classifier: the packet is a vnet's, but goes no further. */
#define PDP_CLASSIFY_DROPS(X)                                                \
	X(drop_wrong_remote, "does not come from the tunnel's remote end")   \
	X(drop_wrong_vlan, "arrived in another VLAN than the vif's")         \
	X(drop_outer_fragment, "first fragment of a tunnel packet")          \
	X(drop_udp_length, "UDP length does not fit the IP packet")          \
	X(drop_vxlan_header, "VXLAN header cut, or its flags are not 0x08")  \
	X(drop_impaired_in, "the vif is set down (impair)")                  \
	X(drop_inner_short, "tunnel payload too short for an inner header")  \
	X(drop_inner_not_ip, "udp payload that is not IP, where it must be") \
	X(drop_policed, "over the vnet's rate")                              \
	X(drop_over_power, "over what its guest's power can process")        \
	X(drop_no_guest, "the vnet has no FE guest in this slot")            \
	X(drop_guest_link_gone, "the FE guest's link has gone away")         \
	X(drop_headroom, "no room in the frame for the tag")

/* Dispatcher: came from an FE guest, goes no further. */
#define PDP_DISPATCH_DROPS(X)                                                       \
	X(drop_untagged, "frame from a guest without a PdP tag")                    \
	X(drop_tag_version, "tag cut, or of another version")                       \
	X(drop_tag_flags, "reserved flag bits set")                                 \
	X(drop_tag_op, "operation that a guest may not ask for")                    \
	X(drop_foreign_vnet, "tag names a vnet that is not the guest's")            \
	X(drop_foreign_vif, "tag names a vif that is not the vnet's")               \
	X(drop_tag_proto, "protocol in the tag does not match the vif's tunnel")    \
	X(drop_forged_outer, "outer header is not that of the egress vif's tunnel") \
	X(drop_outer_length, "lengths of the outer headers do not fit the frame")   \
	X(drop_too_big, "larger than the egress port's MTU")                        \
	X(drop_no_neighbour, "MAC address of the underlay's next hop not known")    \
	X(drop_port_gone, "the egress port has gone away")                          \
	X(drop_impaired_down, "the egress vif is set down (impair)")                \
	X(drop_impaired_loss, "lost on purpose on the egress vif (impair)")         \
	X(drop_delay_gone, "to be delayed (impair), but there is no delay line")    \
	X(drop_local_no_guest, "for the control plane, which has no MH guest")      \
	X(drop_local_short, "for the control plane, too short for a header")        \
	X(drop_local_rate, "for the control plane, over its rate")                  \
	X(drop_local_gone, "for the control plane, whose link has gone away")       \
	X(drop_by_guest, "dropped by the data plane, returned for the account")

/*
 * pdp_vif_out: came from a control plane, goes no further. From there on it shares the dispatcher's
 * way to the port, and its reasons.
 */
#define PDP_VIF_OUT_DROPS(X)                                                           \
	X(drop_control_not_ip, "from the control plane into a udp tunnel, but not IP") \
	X(drop_control_length, "from the control plane, cut or of a wrong length")     \
	X(drop_control_headroom, "from the control plane, no room for the outer headers")

/* The reordering meter (order.bpf.h), of a vnet and of an FE guest. */
#define PDP_ORDER_COUNTS(X)                                                    \
	X(metered_packets, "packets from FE guests whose order was looked at") \
	X(reordered_packets, "of those, such as came behind a later one of their flow")

/* Of the reordered: how many sequence numbers behind the newest of their flow, and all of that summed. */
#define PDP_LATE_COUNTS(X)                       \
	X(late_1, "1 number late")               \
	X(late_2, "2 numbers late")              \
	X(late_4, "3 and 4 numbers late")        \
	X(late_8, "5 to 8 numbers late")         \
	X(late_16, "9 to 16 numbers late")       \
	X(late_32, "17 to 32 numbers late")      \
	X(late_64, "33 to 64 numbers late")      \
	X(late_more, "65 and more numbers late") \
	X(late_sum, "numbers that they were late together")

#define PDP_LATE_BUCKETS 8

/* Of a vnet. Bytes are those of the tunnel packet from its outer IP header on. */
#define PDP_VNET_COUNTS(X)                                               \
	X(rx_packets, "packets that came in through the vnet's tunnels") \
	X(rx_bytes, "their bytes, from the outer IP header on")          \
	X(tx_packets, "packets that were sent to ports")                 \
	X(tx_bytes, "their bytes, from the outer IP header on")          \
	X(local_packets, "packets handed to the vnet's control plane")   \
	X(local_bytes, "their bytes, with the outer headers they had")   \
	X(control_packets, "packets that the vnet's control plane sent") \
	X(control_bytes, "their bytes, with the outer headers they get") \
	X(delay_packets, "packets handed to the delay line")             \
	X(delayed_packets, "packets that came back from the delay line") \
	PDP_ORDER_COUNTS(X)

/* Of a vif, bytes as above. */
#define PDP_VIF_COUNTS(X)                                                                      \
	X(rx_packets, "packets that came in through the vif")                                  \
	X(rx_bytes, "their bytes, from the outer IP header on")                                \
	X(tx_packets, "packets that left through the vif")                                     \
	X(tx_bytes, "their bytes, from the outer IP header on")                                \
	X(local_packets, "packets that came in through the vif and went to the control plane") \
	X(local_bytes, "their bytes, with the outer headers they had")                         \
	X(control_packets, "packets that the control plane sent through the vif")              \
	X(control_bytes, "their bytes, with the outer headers they get")

/*
 * Of an FE guest: what passed each of the programs around it. Bytes are those of the frames on the FE
 * link, Ethernet header and tag included.
 */
#define PDP_GUEST_COUNTS(X)                                                              \
	X(to_packets, "redirected to the guest's link by the classifier")                \
	X(to_bytes, "their bytes on the link, Ethernet header and tag included")         \
	X(over_power_packets, "not redirected, the vnet's drop_over_power")              \
	X(rx_packets, "redirected to the agent's socket by the guest's receive program") \
	X(fast_packets, "sent back by the fast half")                                    \
	X(fast_bytes, "their bytes on the link, Ethernet header and tag included")       \
	X(climb_packets, "left by the fast half to the agent's socket")                  \
	X(drop_no_socket, "no agent has a socket on this queue")                         \
	X(drop_not_tagged, "frame on the guest's link that is not PdP's")                \
	X(drop_by_program, "dropped by the vnet owner's own program")                    \
	X(drop_verdict, "the owner's program said neither TX, DROP nor REDIRECT")        \
	X(from_packets, "came back to the dispatcher")                                   \
	X(from_bytes, "their bytes on the link, Ethernet header and tag included")       \
	PDP_ORDER_COUNTS(X)

/* Of the node: what can be laid at no vnet's door. */
#define PDP_NODE_COUNTS(X)                                                             \
	X(drop_unknown_link, "frame at the dispatcher from a link that is no guest's") \
	X(drop_unknown_vif, "frame at pdp_vif_out from a link that is no vif's")       \
	X(drop_unknown_delayed, "frame from the delay line that is nobody's")          \
	X(drop_bad_tunnel, "tunnel entry that names a vnet or vif that cannot be")     \
	X(drop_unnamed_hop, "lost between two devices, pdp_xmit_drops being full")

#define PDP_FIELD(name, help) __u64 name;

/* pdp_port_stats, per port: frames that the classifier left to the host. */
struct pdp_port_stats {
	PDP_PASS_REASONS(PDP_FIELD)
};

/* pdp_vnet_stats, per vnet. */
struct pdp_vnet_stats {
	PDP_VNET_COUNTS(PDP_FIELD)
	PDP_CLASSIFY_DROPS(PDP_FIELD)
	PDP_DISPATCH_DROPS(PDP_FIELD)
	PDP_VIF_OUT_DROPS(PDP_FIELD)
	PDP_LATE_COUNTS(PDP_FIELD)
};

/* pdp_vif_stats, per vif. */
struct pdp_vif_stats {
	PDP_VIF_COUNTS(PDP_FIELD)
};

/* pdp_guest_stats, per FE guest. */
struct pdp_guest_stats {
	PDP_GUEST_COUNTS(PDP_FIELD)
	PDP_LATE_COUNTS(PDP_FIELD)
};

/* pdp_node_stats, one element. */
struct pdp_node_stats {
	PDP_NODE_COUNTS(PDP_FIELD)
};

#endif

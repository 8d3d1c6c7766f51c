package platform

// ScopeWord says in words what a permission allows, by the name a platform of
// the table has for it: "publish on your pages". Empty for a name that is not in
// the table. The sentences follow the platforms' own pages about their permissions;
// what a permission really allows is theirs to say.
func ScopeWord(scope string) string {
	switch scope {
	case "openid", "atproto", "auth", "identity", "identify":
		return T("know who signed in")
	case "profile", "users.read", "user.info.basic", "user_accounts:read", "read:accounts":
		return T("see your name and picture")
	case "user.info.profile", "public":
		return T("see your profile")
	case "instagram_business_basic", "instagram_basic", "threads_basic", "basic":
		return T("see your profile and your posts")
	case "offline.access", "offline_access":
		return T("stay connected without asking you each time")
	case "pages_show_list":
		return T("see which pages you manage")
	case "pages_manage_posts":
		return T("publish on your pages")
	case "pages_read_engagement":
		return T("read what your pages published")
	case "read_insights", "instagram_business_manage_insights", "instagram_manage_insights", "threads_manage_insights", "r_member_postAnalytics", "user.info.stats", "https://www.googleapis.com/auth/yt-analytics.readonly", "stats":
		return T("see statistics")
	case "pages_manage_engagement", "instagram_business_manage_comments", "instagram_manage_comments", "threads_manage_replies", "comments":
		return T("answer and manage comments")
	case "pages_read_user_engagement", "threads_read_replies":
		return T("read comments and replies")
	case "threads_manage_mentions":
		return T("read where you are mentioned")
	case "tweet.moderate.write":
		return T("hide replies")
	case "instagram_business_content_publish", "instagram_content_publish", "threads_content_publish", "tweet.write", "write:statuses", "submit", "write":
		return T("publish posts")
	case "w_member_social":
		return T("publish, comment and react in your name")
	case "posts":
		return T("read and publish posts")
	case "edit":
		return T("change your posts")
	case "tweet.read", "read:statuses", "read":
		return T("read posts")
	case "history":
		return T("see what you posted before")
	case "r_member_social":
		return T("read your posts and their comments")
	case "instagram_business_manage_messages", "instagram_manage_messages", "privatemessages":
		return T("read and send messages")
	case "dm.read":
		return T("read messages")
	case "dm.write":
		return T("send messages")
	case "read:notifications":
		return T("read notifications")
	case "rw_organization_admin":
		return T("see the organisations you manage and their statistics")
	case "w_organization_social":
		return T("publish for your organisations")
	case "r_organization_social":
		return T("read your organisations' posts")
	case "media.write", "write:media", "media", "upload":
		return T("upload pictures and videos")
	case "video.publish", "https://www.googleapis.com/auth/youtube.upload":
		return T("upload and publish videos")
	case "video.list":
		return T("see your videos")
	case "https://www.googleapis.com/auth/youtube.readonly":
		return T("see your channel and its videos")
	case "https://www.googleapis.com/auth/youtube.force-ssl":
		return T("see, change and delete your videos and comments")
	case "https://www.googleapis.com/auth/business.manage":
		return T("manage your business profiles")
	case "boards:read", "pins:read":
		return T("see your boards and pins")
	case "boards:write", "pins:write":
		return T("make and change boards and pins")
	case "transition:generic":
		return T("read, publish and change everything but messages")
	case "user:write:chat":
		return T("write in chats")
	case "user:read:chat":
		return T("read chats")
	case "moderator:read:followers":
		return T("see who follows you")
	case "webhook.incoming":
		return T("publish in one channel")
	case "guilds":
		return T("see your servers")
	case "users:read":
		return T("see the people of the workspace")
	case "chat:write":
		return T("write in channels")
	case "channels:read":
		return T("see channels")
	case "channels:history":
		return T("read channels")
	case "sites":
		return T("see your sites")
	}
	return ""
}

// ScopeText is a permission in words with its own name behind it: "publish on
// your pages (pages_manage_posts)"; the name alone where there are no words.
func ScopeText(scope string) string {
	if word := ScopeWord(scope); word != "" {
		return T("%s (%s)", word, scope)
	}
	return scope
}
